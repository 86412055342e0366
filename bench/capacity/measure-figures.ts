import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisServer } from '../servers/redis-server.js';
import { BenchServer } from '../bench-server.js';
import { LoadGenerator } from '../load/load-generator.js';
import type { TextChoice } from '../load/load-job.js';
import { RequestSource } from '../load/request-source.js';
import { freshSeed, measure } from '../measurement.js';
import { readMetric } from '../read-metric.js';
import { Production } from '../resilience/production.js';
import { settle } from '../settle.js';
import type { Figures, RequestCost } from './figures.js';

const CONNECTIONS = 64;
const KEYS = 2000;
const MIB = 1024 * 1024;

interface Stack {
  production: Production;
  api: BenchServer;
  generator: LoadGenerator;
}

/** Starts the production form with one server, and measures what its parts need. */
export async function measureFigures(
  seconds: number,
  logFolder: string,
  progress: (line: string) => void,
): Promise<Figures> {
  const production = await Production.start(logFolder, '4gb');
  const generator = new LoadGenerator();
  let api: BenchServer | undefined;
  try {
    api = await BenchServer.start(production.api('falcon', { LOAD_SHEDDING: 'off' }), logFolder);
    return await figuresOf({ production, api, generator }, seconds * 1000, progress);
  } finally {
    generator.stop();
    production.services.worker.resume();
    await api?.stop();
    await production.stop();
  }
}

async function figuresOf(stack: Stack, durationMs: number, progress: (line: string) => void): Promise<Figures> {
  const { production, api } = stack;
  const { worker, cache, queue } = production.services;
  await requestCost(stack, 'different', 3000); // everything is compiled and connected
  await settle([api]);
  progress('new texts');
  const cacheBefore = await sizeOf(cache);
  const miss = await requestCost(stack, 'different', durationMs);
  const cachedAnswer = await growthPerKey(cache, cacheBefore);
  progress('the same text');
  const hit = await requestCost(stack, 'same', durationMs);
  await settle([api]);
  worker.freeze(); // not before: a server whose queue is full ships nothing, and shipping is a part of what a request costs
  const queueBefore = await queue.info('used_memory');
  progress('records that wait');
  for (const texts of ['different', 'same'] as const) await requestCost(stack, texts, durationMs);
  progress('idempotency keys');
  const keysBefore = await sizeOf(cache);
  await sendKeys(api.port);
  const idempotencyKey = await growthPerKey(cache, keysBefore);
  const [records, spooled] = [
    await readMetric(api.port, 'audit_spool_records'),
    await readMetric(api.port, 'audit_spool_bytes'),
  ];
  const queued = (await queue.info('used_memory')) - queueBefore;
  const apiMemory = api.usage().rssMb * MIB;
  progress(`${records} rows into the table`);
  const { row, heap, ...rowBytes } = await drain(stack);
  const wire = await wireBytes(api.port);
  const queueBytes = queued / Math.min(records, 64_000); // 64 jobs of a spool, of 1000 records each
  const bytes = {
    spool: spooled / records,
    queue: queueBytes,
    row: heap,
    ...rowBytes,
    cachedAnswer,
    idempotencyKey,
    ...wire,
    apiMemory,
  };
  return { hit, miss, row, bytes };
}

async function requestCost(
  { generator, api, production }: Stack,
  texts: TextChoice,
  durationMs: number,
): Promise<RequestCost> {
  const { cache } = production.services;
  const cpuMs = () => [cache.usage().cpuMs, api.servingCpuMs()];
  const before = cpuMs();
  const measured = await measure(generator, api, { texts, connections: CONNECTIONS }, { warmupMs: 0, durationMs });
  const requests = (measured.requestsPerSecond * durationMs) / 1000;
  const [cacheUs = 0, servingUs = 0] = cpuMs().map((ms, index) => ((ms - before[index]!) * 1000) / requests);
  return { apiUs: measured.cpuUs, servingUs, cacheUs };
}

/** Has the worker write all that is waiting. */
async function drain({ production, api }: Stack) {
  const { worker, postgres, queue } = production.services;
  const [before] = await postgres.query<{ rows: string; lsn: string }>(
    'SELECT (SELECT count(*) FROM inference_logs) AS rows, pg_current_wal_lsn() AS lsn',
  );
  const cpu = () => [worker, postgres, queue].map((process) => process.usage().cpuMs);
  const cpuBefore = cpu();
  worker.resume();
  await settle([api]);
  const cpuAfter = cpu();
  const workerMemory = worker.usage().rssMb * MIB;
  await postgres.query('VACUUM ANALYZE inference_logs');
  const [after] = await postgres.query<Record<'rows' | 'heap' | 'indexes' | 'ids' | 'wal', string>>(
    `SELECT (SELECT count(*) FROM inference_logs) AS rows, sum(pg_table_size(inhrelid)) AS heap, sum(pg_indexes_size(inhrelid)) AS indexes,
       (SELECT sum(pg_relation_size(i.indexrelid)) FROM pg_index i JOIN pg_inherits h ON h.inhrelid = i.indrelid
        JOIN pg_attribute a ON a.attrelid = i.indexrelid AND a.attnum = 1 AND a.attname = 'request_id'
        WHERE h.inhparent = 'inference_logs'::regclass) AS ids,
       pg_current_wal_lsn() - $1::pg_lsn AS wal
     FROM pg_inherits WHERE inhparent = 'inference_logs'::regclass`,
    [before!.lsn],
  );
  const all = Number(after!.rows);
  const written = all - Number(before!.rows);
  const [workerUs = 0, postgresUs = 0, queueUs = 0] = cpuAfter.map(
    (ms, index) => ((ms - cpuBefore[index]!) * 1000) / written,
  );
  return {
    row: { workerUs, postgresUs, queueUs },
    workerMemory,
    indexes: Number(after!.indexes) / all,
    requestIdIndex: Number(after!.ids) / all,
    wal: Number(after!.wal) / written,
    heap: Number(after!.heap) / all,
  };
}

async function sizeOf(redis: RedisServer) {
  return { keys: await redis.keys(), bytes: await redis.info('used_memory') };
}

async function growthPerKey(redis: RedisServer, before: { keys: number; bytes: number }): Promise<number> {
  await sleep(500); // what is stored behind the answers
  const after = await sizeOf(redis);
  return (after.bytes - before.bytes) / (after.keys - before.keys);
}

async function sendKeys(port: number): Promise<void> {
  for (let sent = 0; sent < KEYS; sent += 50) {
    const asked = Array.from({ length: 50 }, async (_, index) => {
      const headers = { 'content-type': 'application/json', 'idempotency-key': `capacity-${sent + index}` };
      const answer = await fetch(`http://127.0.0.1:${port}/infer`, {
        method: 'POST',
        headers,
        body: '{"text":"a good day"}',
      });
      await answer.arrayBuffer();
    });
    await Promise.all(asked);
  }
}

/** One request and its answer, as they are on the wire. */
async function wireBytes(port: number): Promise<{ request: number; answer: number }> {
  const request = Buffer.from(
    new RequestSource({ path: '/infer', texts: 'different', seed: freshSeed() }, { first: 0, step: 1 }).bytes(),
  );
  const socket = connect(port, '127.0.0.1');
  socket.write(request);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return { request: request.length, answer: answer.length };
}
