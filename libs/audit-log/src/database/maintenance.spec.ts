import { randomUUID } from 'node:crypto';
import { type INestApplicationContext, Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { jobOf, recordLine } from '../../test-support/audit-rows.js';
import { connectedDatabase, startPostgres } from '../../test-support/postgres.js';
import { recordingLog, type RecordingLog } from '../../test-support/recording-log.js';
import { recordingObserver, type RecordingObserver } from '../../test-support/recording-observer.js';
import { eventually, until } from '../../../../scripts/test-support/until.js';
import { auditWorkerModule } from '../queue/audit-worker.module.js';
import type { AuditDatabase } from './audit-database.js';
import { connectClient } from './database-client.js';
import { createPartitions, listPartitions, partitionOf, type Partition } from './partitions.js';
import { AuditQueue } from '../queue/audit-queue.js';
import type { QueueServer } from '../queue/queue-server.js';
import { WorkerConnection } from '../queue/worker-connection.js';

jest.setTimeout(90_000);
beforeAll(() => Logger.overrideLogger(false));

describe('the maintenance of the table by a worker', () => {
  let postgres: Awaited<ReturnType<typeof startPostgres>>;
  let database: AuditDatabase;
  let queue: AuditQueue;
  let log: RecordingLog;
  let observer: RecordingObserver;
  let worker: INestApplicationContext | undefined;

  beforeEach(async () => {
    postgres = await startPostgres();
    [log, observer] = [recordingLog(), recordingObserver()];
    database = await connectedDatabase(postgres.connection);
  });

  afterEach(async () => {
    await worker?.close();
    await queue.close();
    await database.close();
    await postgres.stop();
  });

  const expired = (...months: string[]) =>
    database.run((client) =>
      createPartitions(
        client,
        months.map((month) => partitionOf(new Date(month)) as Partition),
      ),
    );

  /** Has an operator make a partition of half a day in that month, which keeps Falcon from making the month. */
  const takePartOf = (instant: Date) => {
    const { from } = partitionOf(instant) as Partition;
    const to = new Date(from.getTime() + 43_200_000);
    return database.run((client) =>
      client.query(
        `CREATE TABLE half_a_day PARTITION OF inference_logs FOR VALUES FROM ('${from.toISOString()}') TO ('${to.toISOString()}')`,
      ),
    );
  };

  const partitions = async () => (await database.run(listPartitions)).map(({ name }) => name);

  async function start(): Promise<void> {
    const server: QueueServer = { kind: 'postgres', connection: postgres.connection };
    queue = new AuditQueue(server, 10_000, log);
    const ends = { connection: new WorkerConnection(server, 1, log), queue };
    const options = { concurrency: 1, retentionDays: 30, migrate: true, closeTimeoutMs: 2000 };
    worker = await NestFactory.createApplicationContext(auditWorkerModule({ ends, database, log, observer }, options));
  }

  const maintained = () => observer.events.filter(([, operation]) => operation === 'db_maintain_partitions');

  it('leaves expired partitions for the next hour while somebody reads, and does not try again and again', async () => {
    await expired('2020-01-01');
    const reader = await connectClient(postgres.connection);
    await reader.query('BEGIN');
    await reader.query('SELECT count(*) FROM inference_logs');
    await start();
    await until(() => maintained().length > 0);
    expect(maintained()).toEqual([
      ['onDatabaseOperation', 'db_maintain_partitions', 'success', expect.any(Number) as number],
    ]);
    expect(log.lines).toContain(
      'WARNING Somebody uses the audit table for long: its expired partitions are dropped in an hour',
    );
    expect(await partitions()).toContain('inference_logs_2020_01');
    await reader.end();
  });

  it('says which expired partition it cannot drop, drops the others, and goes on writing records', async () => {
    await expired('2020-01-01', '2020-02-01');
    await database.run((client) => client.query('CREATE VIEW january AS SELECT * FROM inference_logs_2020_01'));
    await start();
    await until(() => maintained().length > 0);
    expect(maintained()).toMatchObject([{ 2: 'error' }]);
    expect(log.lines).toContainEqual(
      expect.stringMatching(
        /^WARNING The expired partition inference_logs_2020_01 cannot be dropped \(.* other objects depend on it\): .*DETACH/,
      ),
    );
    const left = await partitions();
    expect(left).toContain('inference_logs_2020_01');
    expect(left).not.toContain('inference_logs_2020_02');
    expect(database.state.status).toBe('available');
    const id = randomUUID();
    await queue.add(id, jobOf([recordLine()]));
    await eventually(async () => expect(await queue.progressOf([id])).toEqual(['completed']));
  });

  it('leaves months to come for the next hour while somebody keeps them from being made, and goes on writing records', async () => {
    for (const name of (await partitions()).slice(1))
      await database.run((client) => client.query(`DROP TABLE ${name}`));
    const other = await connectClient(postgres.connection);
    await other.query('BEGIN');
    await other.query('LOCK TABLE inference_logs IN SHARE UPDATE EXCLUSIVE MODE');
    await start();
    const id = randomUUID();
    await until(() => maintained().length > 0);
    await queue.add(id, jobOf([recordLine()]));
    await eventually(async () => expect(await queue.progressOf([id])).toEqual(['completed']));
    expect(maintained()).toMatchObject([{ 2: 'error' }]);
    expect(log.lines).toContainEqual(
      expect.stringMatching(/^WARNING The partition inference_logs_\w+ cannot be made \(.* lock timeout\): /),
    );
    await other.end();
  });

  it('drops what is expired although the months to come cannot be made', async () => {
    await expired('2020-01-01');
    for (const name of (await partitions()).slice(1))
      await database.run((client) => client.query(`DROP TABLE ${name}`));
    await takePartOf(new Date());
    await start();
    await until(() => maintained().length > 0);
    expect(log.lines).toContainEqual(
      expect.stringMatching(
        /^WARNING The partition inference_logs_\w+ cannot be made \(.* overlap .*\): put that right/,
      ),
    );
    const [first, ...rest] = await partitions();
    expect(first).toBe('half_a_day');
    expect(rest).toHaveLength(3);
  });
});
