import { flushCompileCache } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplication } from '@nestjs/common';
import { AuditLog, AuditPipeline } from '@app/audit-log';
import { InferenceModule, InferenceService } from '@app/inference';
import {
  configOrExit,
  createLog,
  dieOfSurprises,
  Drain,
  exitIfInvalid,
  HealthChecks,
  isUsable,
  listenOrExit,
  loadHealthModule,
  MaintenanceMode,
  openTracing,
  type ProcessLog,
} from '@app/ops';
import { reasonOf, WorkCost } from '@app/resilience';
import { announcement, openDoorWarning, urlOf } from './announce.js';
import { auditLogModule } from './audit-log.js';
import { openAuthentication } from './auth/open-authentication.js';
import { loadConfig, type Config } from './config.js';
import { drainPlan } from './drain-plan.js';
import { addHealthChecks } from './health/checks.js';
import { isLoopback } from './http/loopback.js';
import { makePolicies } from './policies.js';
import { resilienceModules } from './resilience.js';

const READY_POLL_MS = 5;
/** A start is held up no longer by a Redis that does not say whether there is maintenance. */
const MAINTENANCE_WAIT_MS = 1000;

/** Reads the configuration, starts the workers and the server, and returns when the default model answers or never will. */
export async function serve(): Promise<void> {
  const config = configOrExit(loadConfig);
  const log = createLog(config);
  const drain = new Drain(log, { timeoutMs: config.shutdownTimeoutMs, delayMs: config.drainDelayMs });
  drain.watchSignals();
  dieOfSurprises(log, 'The server');
  const tracing = config.tracing && (await openTracing(config.tracing, log));
  const cost = new WorkCost(config.inference.workers);
  const inference = InferenceModule.forRoot(config.inference, log, {
    onBatch: ({ msPerItem }) => cost.note(msPerItem),
    ...(tracing && { onTracedBatch: (batch) => tracing.onBatch(batch) }),
  });
  // Loaded only now: the workers load their models while this thread loads Nest and Fastify.
  const { createApp } = await import('./create-app.js');
  const policies = makePolicies(config, log);
  const auditLog = auditLogModule(config, log, policies);
  const authenticator = await openAuthentication(config.access, log).catch(exitIfInvalid);
  const resilience = resilienceModules(config, log, { policies, authenticator, cost });
  const health = await loadHealthModule(log);
  const app = await createApp(config, { log, tracing, drain }, [inference, auditLog, ...resilience.modules, health]);
  killInsteadOfHanging(app.get(InferenceService));
  addHealthChecks(app, config, resilience.redis);
  await Promise.all([app.get(AuditLog).open(), app.get(MaintenanceMode).start(MAINTENANCE_WAIT_MS)]);
  drain.attach(drainPlan(app, log, { closeConnections: resilience.close, tracing }));
  void tellIfLate(app.get(HealthChecks), config, log);
  if (config.listensWhenReady) {
    await app.init(); // listening would begin the checks, which know what the start waits for
    await readyOrExit(app.get(InferenceService), config, log);
  }
  const url = await listen(app, config, log);
  // While the workers load their models this thread has nothing to do; after that, loading more would hold requests up.
  app.get(AuditPipeline).start();
  await announceReadiness(app, { config, log, url });
  resilience.watchPressure();
  flushCompileCache();
}

/** A start that takes too long goes on; operators should know what it waits for. */
async function tellIfLate(health: HealthChecks, { startupTimeoutMs }: Config, log: ProcessLog): Promise<void> {
  const report = await health.waitUntilHealthy({ timeoutMs: startupTimeoutMs });
  const waitsFor = report?.checks.filter(({ status }) => !isUsable(status));
  if (waitsFor?.length) {
    log.error('The server is not ready in time, still waiting', { timeout_ms: startupTimeoutMs, waits_for: waitsFor });
  }
}

/** exit() waits for every thread, for one that cannot be ended for ever. Whoever wants to write something at the exit has done so before. */
function killInsteadOfHanging(inference: InferenceService): void {
  process.once('exit', () => {
    if (inference.health().stuck > 0) process.kill(process.pid, 'SIGKILL');
  });
}

/** Resolves to the URL. */
async function listen(app: INestApplication, { host, port, access }: Config, log: ProcessLog): Promise<string> {
  await listenOrExit(app, { host, port }, log, 'Falcon');
  if (!isLoopback(host) && access.mode === 'off') {
    log.warning('The server is reachable from other machines and AUTH_MODE is off: whoever reaches it may use it', {
      host,
    });
    process.stderr.write(openDoorWarning(host));
  }
  const address = app.getHttpServer().address() as { port: number };
  return urlOf(host, address.port);
}

async function announceReadiness(app: INestApplication, to: { config: Config; log: ProcessLog; url: string }) {
  const { config, log, url } = to;
  const inference = app.get(InferenceService);
  await readyOrLoadedOrExit(inference, log);
  await app.get(HealthChecks).refresh('model'); // who is told that the server is ready finds it so
  const reason = inference.whyNotReady();
  if (reason !== undefined) {
    logNotReady(reason, config, log);
    process.stderr.write(`Falcon listens on ${url} but is not ready: ${reason}\n`);
    return;
  }
  // Counted from the start of the process, not of this module.
  const startupMs = Math.round(performance.now());
  log.info('Falcon is ready', { startup_ms: startupMs, url, model: config.inference.defaultModel, mode: config.mode });
  process.stderr.write(announcement(config, url, startupMs));
}

/** Whoever is never asked whether it is ready gets no requests before it is, and ends when it will not be. */
async function readyOrExit(inference: InferenceService, config: Config, log: ProcessLog): Promise<void> {
  await readyOrLoadedOrExit(inference, log);
  const reason = inference.whyNotReady();
  if (reason !== undefined) {
    logNotReady(reason, config, log);
    await log.flush();
    process.stderr.write(`Falcon ends: it cannot become ready, and LISTEN_WHEN_READY is set: ${reason}\n`);
    process.exit(1);
  }
}

function logNotReady(reason: string, { inference: { defaultModel } }: Config, log: ProcessLog): void {
  log.critical('The default model cannot serve', { model: defaultModel, reason });
}

async function readyOrLoadedOrExit(inference: InferenceService, log: ProcessLog): Promise<void> {
  try {
    await readyOrLoaded(inference);
  } catch (error) {
    log.critical('The models cannot be loaded', { error });
    await log.flush();
    process.stderr.write(`${reasonOf(error)}\n`);
    process.exit(1);
  }
}

/** Resolves when the default model is ready, or when no version is loading any more. */
async function readyOrLoaded(inference: InferenceService): Promise<void> {
  const state = { isLoading: true };
  const loaded = inference.whenLoaded().finally(() => {
    state.isLoading = false;
  });
  while (state.isLoading && !inference.isReady()) {
    await Promise.race([loaded, sleep(READY_POLL_MS)]);
  }
  if (!state.isLoading) {
    await loaded;
  } else {
    loaded.catch(() => undefined); // the other models' failures are logged by their library
  }
}
