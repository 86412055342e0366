import type { INestApplication } from '@nestjs/common';
import { AuditLog, AuditPipeline } from '@app/audit-log';
import { InferenceService } from '@app/inference';
import {
  acceptingCheck,
  Drain,
  HealthChecks,
  remoteCheck,
  serviceChecks,
  SystemChecks,
  type HealthCheck,
} from '@app/ops';
import type { LoadShedder } from '@app/resilience';
import type { Config } from '../config.js';
import { Gates } from '../gates/gates.js';
import type { SharedRedis } from '../shared-redis.js';
import type { OwnCheck } from './check-names.js';

/** A lost worker is replaced within this time, and no probe need know. */
const MODEL = { cacheMs: 100, failures: 20, successes: 1 };
/** Text that waits for so much longer than a batch may take, while a worker is idle, is waiting for nobody. */
const STALL_GRACE_MS = 5000;
/** Redis answers in a millisecond; a check that waits longer than this has its answer. */
const REDIS_TIMEOUT_MS = 1000;
/** A record that could not be kept counts for this long. */
const SPOOL_MEMORY_MS = 10_000;
const MOST_SPOOL_USED = 0.9;

/** Hands the server's own checks to the probes; none of them opens a connection. */
export function addHealthChecks(app: INestApplication, config: Config, redis: SharedRedis | undefined): void {
  const health = app.get(HealthChecks);
  const system = app.get(SystemChecks);
  const inference = app.get(InferenceService);
  const own: HealthCheck<OwnCheck>[] = [
    acceptingCheck(app.get(Drain), 'server'),
    modelCheck(inference, config.inference.defaultModel),
    workersCheck(inference, config.inference),
    system.eventLoop(),
    ...loadChecks(config, inference, app.get(Gates).loadShedder),
    ...(redis ? [redisCheck(redis)] : []),
    ...(config.auditLog.durability === 'off' ? [] : auditChecks(app, config.auditLog)),
    system.memory(),
  ];
  const remote = config.remoteServices.map(({ name, url }) => remoteCheck(name, url));
  for (const check of [...own, ...remote]) health.add(check);
}

function modelCheck(inference: InferenceService, name: string): HealthCheck<OwnCheck> {
  return {
    name: 'model',
    critical: true,
    ...MODEL,
    check: (indicator) => {
      if (inference.isReady()) return indicator.up({ model: name });
      const versions = inference.models().filter((version) => version.name === name);
      const isLoading = versions.some(({ state }) => state === 'loading');
      if (isLoading) return undefined;
      return indicator.down(`The default model "${name}" cannot serve: ${inference.whyNotReady()}`);
    },
  };
}

/** The pool replaces a worker that hangs; alive is a pool that can still do so. */
function workersCheck(
  inference: InferenceService,
  { inferenceTimeoutMs, batchTimeoutMs }: Config['inference'],
): HealthCheck<OwnCheck> {
  const longestWaitMs = inferenceTimeoutMs + batchTimeoutMs + STALL_GRACE_MS;
  let wereAllThere = false;
  const check: HealthCheck['check'] = (indicator) => {
    const { wanted, live, stuck, stalledMs } = inference.health();
    const details = { wanted, live, stuck };
    if (stuck > 0) return indicator.down({ message: `${stuck} workers hang and cannot be ended.`, ...details });
    if (stalledMs > longestWaitMs) {
      return indicator.down({ message: `A text has waited for an idle worker for ${stalledMs} ms.`, ...details });
    }
    wereAllThere ||= live === wanted;
    if (!wereAllThere) return undefined;
    return live < wanted
      ? indicator.degraded({ message: 'A lost worker is being replaced.', ...details })
      : indicator.up(details);
  };
  return { name: 'model_workers', critical: false, live: true, check };
}

/** Saturated is a server that refuses more than it lets in, or whose default model has a full queue, second after second. */
function loadChecks(
  { readySaturationSeconds, inference: { defaultModel, maxQueued } }: Config,
  inference: InferenceService,
  shedder: LoadShedder | undefined,
): HealthCheck<OwnCheck>[] {
  if (readySaturationSeconds === 0) return [];
  const seen = { admitted: 0, refused: 0 };
  const check: HealthCheck['check'] = (indicator) => {
    const now = { admitted: shedder?.admissions ?? 0, refused: shedder ? refusalsOf(shedder) : 0 };
    const details = { admitted: now.admitted - seen.admitted, refused: now.refused - seen.refused };
    Object.assign(seen, now);
    const queue = inference.stats().queues.find(({ model }) => model === defaultModel);
    const { waiting = 0, longest = 0 } = queue ?? {};
    const down = (message: string) => indicator.down({ message, waiting, ...details });
    if (details.refused > details.admitted) return down('More requests are refused than let in.');
    if (longest >= maxQueued) return down('The queue of the default model is full.');
    return indicator.up({ waiting, ...details });
  };
  return [{ name: 'load', critical: true, failures: readySaturationSeconds, successes: 3, check }];
}

function refusalsOf({ refusals }: LoadShedder): number {
  return [...refusals.values()].flatMap((counts) => Object.values(counts)).reduce((sum, count) => sum + count, 0);
}

function redisCheck(shared: SharedRedis): HealthCheck<OwnCheck> {
  const { redis } = shared;
  return {
    name: 'redis',
    critical: false,
    timeoutMs: REDIS_TIMEOUT_MS,
    check: async (indicator) => {
      // A connection that is being made has nothing to say yet; a command would fail for that alone.
      if (redis.status === 'connecting' || redis.status === 'connect') return undefined;
      try {
        await redis.ping();
        return indicator.up();
      } catch (error) {
        const reason = shared.reasonOf(error);
        if (reason === undefined) throw error;
        return indicator.down(`The Redis of cache and rate limits: ${reason}`);
      }
    },
  };
}

function auditChecks(app: INestApplication, options: Config['auditLog']): HealthCheck<OwnCheck>[] {
  const pipeline = app.get(AuditPipeline);
  return [
    ...serviceChecks(false, () => pipeline.availability()),
    spoolCheck(app.get(AuditLog), options),
    app.get(SystemChecks).disk(options.spoolRoot),
  ];
}

/** Where nothing may leave unrecorded, a server that cannot record cannot serve. */
function spoolCheck(auditLog: AuditLog, { spoolMaxBytes, whenFull }: Config['auditLog']): HealthCheck<OwnCheck> {
  return {
    name: 'spool',
    critical: whenFull === 'refuse',
    check: (indicator) => {
      const { records, bytes } = auditLog.stats();
      const details = { records, bytes, max_bytes: spoolMaxBytes };
      if (!auditLog.isRecording(SPOOL_MEMORY_MS)) {
        return indicator.down({ message: 'Answers could not be recorded: the log says why.', ...details });
      }
      return bytes > spoolMaxBytes * MOST_SPOOL_USED
        ? indicator.degraded({ message: 'The spool is nearly full.', ...details })
        : indicator.up(details);
    },
  };
}
