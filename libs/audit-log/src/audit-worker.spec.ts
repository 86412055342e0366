import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { connectedDatabase, startPostgres } from '../test-support/postgres.js';
import { recordingLog } from '../test-support/recording-log.js';
import { recordingObserver } from '../test-support/recording-observer.js';
import { until } from '../../../scripts/test-support/until.js';
import { auditWorkerModule } from './audit-worker.js';
import { connectClient } from './database/database-client.js';
import { createPartitions, listPartitions, partitionOf, type Partition } from './database/partitions.js';
import { AuditQueue } from './queue/audit-queue.js';
import type { QueueServer } from './queue/queue-server.js';
import { WorkerConnection } from './queue/worker-connection.js';

jest.setTimeout(90_000);
beforeAll(() => Logger.overrideLogger(false));

describe('the worker', () => {
  it('leaves expired partitions for the next hour while somebody reads, and does not try again and again', async () => {
    const postgres = await startPostgres();
    const { connection } = postgres;
    const [log, observer] = [recordingLog(), recordingObserver()];
    const database = await connectedDatabase(connection);
    await database.run((client) => createPartitions(client, [partitionOf(new Date('2020-01-01')) as Partition]));
    const reader = await connectClient(connection);
    await reader.query('BEGIN');
    await reader.query('SELECT count(*) FROM inference_logs');

    const server: QueueServer = { kind: 'postgres', connection };
    const queue = new AuditQueue(server, 2000, log);
    const ends = { connection: new WorkerConnection(server, 1, log), queue };
    const options = { concurrency: 1, retentionDays: 30, migrate: true, closeTimeoutMs: 2000 };
    const worker = await NestFactory.createApplicationContext(
      auditWorkerModule({ ends, database, log, observer }, options),
    );
    const maintained = () => observer.events.filter(([event]) => event === 'onDatabaseOperation');
    await until(() => maintained().length > 0);
    expect(maintained()).toEqual([
      ['onDatabaseOperation', 'db_maintain_partitions', 'success', expect.any(Number) as number],
    ]);
    expect(log.lines).toContain(
      'WARNING Somebody uses the audit table for long: its expired partitions are dropped in an hour',
    );
    const names = (await database.run(listPartitions)).map(({ name }) => name);
    expect(names).toContain('inference_logs_2020_01');

    await reader.end();
    await worker.close();
    await queue.close();
    await database.close();
    await postgres.stop();
  });
});
