import { flushCompileCache } from 'node:module';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  AuditMetrics,
  auditPolicyOptions,
  loadStandaloneWorker,
  type AuditPolicies,
  type StandaloneWorker,
} from '@app/audit-log';
import { BreakerLog, Policies, ResilienceMetrics, RetryLog } from '@app/resilience';
import {
  configOrExit,
  createLog,
  dieOfSurprises,
  Drain,
  listenOrExit,
  loadHealthModule,
  NestLog,
  type ProcessLog,
} from '@app/ops';
import { Gauge, register } from 'prom-client';
import { addHealthChecks } from './checks.js';
import { type Config, loadConfig } from './config.js';
import { WorkerModule } from './worker.module.js';

/** Reads the configuration and brings records from the queue into the table until a signal ends it. */
export async function work(): Promise<void> {
  const config = configOrExit(loadConfig);
  const log = createLog(config);
  const drain = new Drain(log, { timeoutMs: config.shutdownTimeoutMs });
  drain.watchSignals();
  dieOfSurprises(log, 'The audit worker');
  const worker = await makeWorker(config, log);
  worker.start();
  const app = await NestFactory.create(
    WorkerModule.forRoot(config, worker, await loadHealthModule(log)),
    new FastifyAdapter({ forceCloseConnections: true }), // no stop waits for a probe
    {
      logger: new NestLog(log),
      abortOnError: false,
    },
  );
  addHealthChecks(app, worker, drain);
  drain.attach({
    steps: [
      {
        name: 'jobs',
        run: () => app.close(),
        whenLate: 'Stopped late: a job in hand is found by the next worker',
        leavesTime: true,
      },
      { name: 'database', run: () => worker.stop(), whenLate: 'Stopped late: the database did not let go in time' },
    ],
  });
  await listenOrExit(app, config, log, 'The audit worker');
  const { postgresUrl, redisQueueUrl } = config.services;
  log.info('The audit worker is running', {
    url: await app.getUrl(),
    queue: redisQueueUrl === undefined ? 'Postgres' : 'Redis',
    database: postgresUrl === undefined ? 'embedded Postgres' : 'Postgres',
    concurrency: config.worker.concurrency,
  });
  flushCompileCache();
}

async function makeWorker(config: Config, log: ProcessLog): Promise<StandaloneWorker> {
  const metrics = new AuditMetrics(register);
  const StandaloneWorkerClass = await loadStandaloneWorker();
  const worker = new StandaloneWorkerClass({ ...config, policies: makePolicies(config, log) }, log, metrics);
  metrics.watchPool(() => worker.pool());
  const jobs = new Gauge({
    name: 'audit_queue_jobs',
    help: 'Jobs on the audit queue, by state; no series while the queue is away.',
    labelNames: ['state'],
    async collect() {
      jobs.reset();
      const counts = await worker.queueCounts().catch(() => ({})); // why it is away is in the log
      Object.entries(counts).forEach(([state, number]) => jobs.set({ state }, number));
    },
  });
  return worker;
}

function makePolicies({ hasBreakers, workerId }: Config, log: ProcessLog): AuditPolicies {
  const metrics = new ResilienceMetrics(register);
  const observers = [metrics, new BreakerLog(log), new RetryLog(log)];
  const policies = new Policies({ policies: auditPolicyOptions(hasBreakers), workerId, observers });
  metrics.watch(policies);
  return { postgres: policies.get('postgres'), queue: policies.get('queue') };
}
