import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchServer } from '../bench-server.js';
import { Prober } from '../load/prober.js';
import { machineCpuMs } from '../machine-load.js';
import { readMetric } from '../read-metric.js';
import type { AuditServices, QueueKind } from './audit-services.js';
import { emptyTable, tableFilling } from './table.js';

const SAMPLE_MS = 500;
const STUCK_MS = 60_000;

/** The state of the processes while the backlog is brought into the table. */
export interface DrainSample {
  /** Share of the records that are in the table, 0..1. */
  progress: number;
  apiRssMb: number;
  workerRssMb: number;
  postgresRssMb: number;
  redisRssMb: number;
}

/** A backlog from the spool into the table. */
export interface Drain {
  rowsPerSecond: number;
  samples: DrainSample[];
  /** Of /healthz of the api meanwhile. */
  healthP99Ms: number;
  healthMaxMs: number;
  /** CPU time for each row, in microseconds. */
  cpuUs: { api: number; worker: number; postgres: number; redis: number };
  /** CPU cores that everything else on the machine kept busy; it should be near 0. */
  otherCores: number;
}

/** Leaves a backlog on a spool whose process is gone; then one api ships it and one worker writes it. */
export async function drain(
  services: AuditServices,
  queue: QueueKind,
  records: number,
  logFolder: string,
): Promise<Drain> {
  const dataDir = mkdtempSync(join(tmpdir(), 'falcon-bench-drain-'));
  const worker = await BenchServer.start(services.worker(queue), logFolder);
  const servers = [worker];
  try {
    await run('spool-writer.js', dataDir, records);
    await emptyTable(services.postgres);
    const env = { DATA_DIR: dataDir, AUDIT_DURABILITY: 'process' };
    const usage = new DrainUsage(services, worker, records);
    const api = await BenchServer.start(services.api(`api-drain-${queue}`, queue, env), logFolder);
    servers.push(api);
    const measured = await usage.watch(api);
    const filling = await tableFilling(services.postgres);
    if (filling.rows !== records) throw new Error(`the table has ${filling.rows} rows instead of ${records}`);
    return { rowsPerSecond: records / filling.seconds, ...measured };
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Has one process write as many rows as it can by itself; resolves to rows per second. */
export async function referenceRate({ postgres }: AuditServices, records: number): Promise<number> {
  await emptyTable(postgres);
  await run('reference-writer.js', postgres.url, records);
  const { rows, seconds } = await tableFilling(postgres);
  if (rows !== records) throw new Error(`the reference wrote ${rows} rows instead of ${records}`);
  return rows / seconds;
}

/** Watches all processes from before the api starts until the last row is written. */
class DrainUsage {
  private readonly before: ReturnType<DrainUsage['cpu']>;

  constructor(
    private readonly services: AuditServices,
    private readonly worker: BenchServer,
    private readonly records: number,
  ) {
    this.before = this.cpu();
  }

  async watch(api: BenchServer): Promise<Omit<Drain, 'rowsPerSecond'>> {
    const prober = new Prober(api.port);
    const samples: DrainSample[] = [];
    let movedAtMs = performance.now();
    for (let progress = 0; progress < 1; await sleep(SAMPLE_MS)) {
      const before = progress;
      progress = (await readMetric(this.worker.port, 'audit_rows_written_total')) / this.records;
      samples.push(this.sample(progress, api));
      if (progress > before) movedAtMs = performance.now();
      if (performance.now() - movedAtMs > STUCK_MS) throw new Error(`the drain is stuck at ${progress * 100} %`);
    }
    await prober.stop();
    const { latencies } = prober;
    return {
      samples,
      healthP99Ms: latencies.percentileMs(0.99),
      healthMaxMs: latencies.maxMs(),
      ...this.used(api),
    };
  }

  private sample(progress: number, api: BenchServer): DrainSample {
    const { postgres, redis } = this.services;
    return {
      progress,
      apiRssMb: api.usage().rssMb,
      workerRssMb: this.worker.usage().rssMb,
      postgresRssMb: postgres.usage().rssMb,
      redisRssMb: redis.usage().rssMb,
    };
  }

  private used(api: BenchServer): Pick<Drain, 'cpuUs' | 'otherCores'> {
    const { before, records } = this;
    const after = this.cpu();
    const apiMs = api.usage().cpuMs;
    const [workerMs, postgresMs, redisMs] = (['worker', 'postgres', 'redis'] as const).map(
      (name) => after[name] - before[name],
    ) as [number, number, number];
    const us = (ms: number) => (ms * 1000) / records;
    const others = after.machine - before.machine - apiMs - workerMs - postgresMs - redisMs;
    return {
      cpuUs: { api: us(apiMs), worker: us(workerMs), postgres: us(postgresMs), redis: us(redisMs) },
      otherCores: others / (after.atMs - before.atMs),
    };
  }

  private cpu() {
    return {
      atMs: performance.now(),
      machine: machineCpuMs(),
      worker: this.worker.usage().cpuMs,
      postgres: this.services.postgres.usage().cpuMs,
      redis: this.services.redis.usage().cpuMs,
    };
  }
}

/** Runs one of the scripts beside this one to its end. */
async function run(script: string, ...args: (string | number)[]): Promise<void> {
  const child = fork(join(__dirname, script), args.map(String));
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${script} ended with ${code}`);
}
