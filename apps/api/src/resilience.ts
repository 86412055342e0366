import type { DynamicModule } from '@nestjs/common';
import { CacheModule, cacheRedis } from '@app/cache';
import { InferenceError } from '@app/inference';
import { MaintenanceMode, MaintenanceModule, registerMaintenanceMetrics, SharedSwitch, type Log } from '@app/ops';
import {
  LoadShedder,
  MemoryRateLimiter,
  Policies,
  Pressure,
  RateLimitMetrics,
  RedisBreakerBus,
  RedisRateLimiter,
  registerSheddingMetrics,
  ResilienceMetrics,
  ResilienceModule,
  type FailureKind,
  type RateLimiter,
} from '@app/resilience';
import { register } from 'prom-client';
import type { Authenticator } from './auth/authenticator.js';
import type { Config } from './config.js';
import { GatesModule } from './gates/gates.module.js';
import { HTTP_ERRORS, isErrorCode } from './http-errors.js';

/**
 * Redis is asked often and for little: one stall fails many calls at once, and being without it for a minute costs more
 * than a trial every other second.
 */
const REDIS_BREAKER = { failureThreshold: 20, openMs: 2000 };

/** The adaptive limit sees overload long before; a delay like this is a process that is stuck. Low priority is refused from here on, normal from twice, high from four times. */
const MAX_EVENT_LOOP_DELAY_MS = 500;

/** The connection of cache, rate limits and breaker openings. */
export type SharedRedis = ReturnType<typeof cacheRedis>;

/** What the model reports although it is well: it has enough to do, is not there yet, or ran out of its caller's time. */
const REFUSALS = new Set(['INFERENCE_QUEUE_FULL', 'MODEL_NOT_READY', 'INFERENCE_STOPPED', 'DEADLINE_EXCEEDED']);

/** How Redis begins its refusals to write. */
const UNWRITABLE = /^(OOM|READONLY|MISCONF|NOREPLICAS) /;

/** What the app is given. */
export interface ResilienceParts {
  modules: DynamicModule[];
  redis: SharedRedis | undefined;
  close: () => void;
}

/** Puts policies, gates and cache together; the Redis that they share is opened here and handed to each. */
export function resilienceModules(config: Config, log: Log, authenticator: Authenticator): ResilienceParts {
  const policies = policiesOf(config);
  const redis = config.sharedRedisUrl === undefined ? undefined : cacheRedis(config.sharedRedisUrl);
  const listener = redis?.duplicate({ enableOfflineQueue: true });
  if (redis && listener) {
    listener.on('error', () => undefined); // each command says by itself that it failed
    policies.connect(
      new RedisBreakerBus(redis, listener, (error) => log.debug('Breaker openings are not shared', { error })),
    );
  }
  const metrics = new RateLimitMetrics(register);
  const { loadShedder, stop } = loadShedderOf(config);
  const maintenance = new MaintenanceMode({
    isOnAtStart: config.isInMaintenance,
    shared: redis && listener && new SharedSwitch(redis, listener),
    log,
  });
  registerMaintenanceMetrics(register, maintenance);
  const gates = GatesModule.forRoot({
    authenticator,
    maintenance,
    rateLimiter: rateLimiterOf(config, { redis, policies, metrics }),
    rateLimitMetrics: metrics,
    loadShedder,
    shedStatus: config.loadShedding.status,
    isCircuitForcedOpen: config.isCircuitForcedOpen,
  });
  const modules = [ResilienceModule.forRoot(policies), gates, MaintenanceModule.forRoot(maintenance)];
  const { redisTimeoutMs: timeoutMs, oncePerCluster, answers, idempotency } = config.cache;
  const shared = redis && {
    redis,
    timeoutMs,
    gate: policies.get('redis'),
    ...(oncePerCluster && { oncePerCluster }),
  };
  modules.push(CacheModule.forRoot({ answers, idempotency, ...(shared && { redis: shared }) }, log));
  const close = () => {
    stop();
    maintenance.close();
    redis?.disconnect();
    listener?.disconnect();
  };
  return { modules, redis, close };
}

function policiesOf({ breaker, retry, modelBulkhead, redisBulkhead, cache, workerId }: Config): Policies {
  const policies = {
    redis: {
      bulkhead: redisBulkhead,
      timeoutMs: cache.redisTimeoutMs,
      ...(retry && { retry }),
      ...(breaker && { breaker: REDIS_BREAKER }),
      classify: kindOfRedisFailure,
    },
  };
  const families = {
    // The inference library itself asks a second worker when the first is lost: another retry would multiply that.
    model: { bulkhead: modelBulkhead, ...(breaker && { breaker }), classify: kindOfModelFailure },
  };
  const metrics = new ResilienceMetrics(register);
  const made = new Policies({ policies, families, workerId, observers: [metrics] });
  metrics.watch(made);
  return made;
}

/** A caller's mistake and a full queue say nothing of the model's health. */
function kindOfModelFailure(error: unknown): FailureKind | undefined {
  if (!(error instanceof InferenceError) || !isErrorCode(error.code)) {
    return undefined;
  }
  if (REFUSALS.has(error.code)) {
    return 'refusal';
  }
  return HTTP_ERRORS[error.code].status < 500 ? 'caller' : 'failure';
}

/** A Redis that is full, or that may not write at present, answers at once and can be read from: it is not away. */
function kindOfRedisFailure(error: unknown): FailureKind | undefined {
  return error instanceof Error && UNWRITABLE.test(error.message) ? 'refusal' : undefined;
}

function rateLimiterOf(
  { rateLimit, rateLimitOverrides: overrides }: Config,
  { redis, policies, metrics }: { redis: SharedRedis | undefined; policies: Policies; metrics: RateLimitMetrics },
): RateLimiter | undefined {
  if (!rateLimit) {
    return undefined;
  }
  return redis
    ? new RedisRateLimiter(redis, policies.get('redis'), {
        rule: rateLimit,
        overrides,
        onUnavailable: () => metrics.onUnavailable(),
      })
    : new MemoryRateLimiter({ rule: rateLimit, overrides });
}

function loadShedderOf({ loadShedding }: Config): { loadShedder: LoadShedder | undefined; stop: () => void } {
  const { limit } = loadShedding;
  if (!limit) {
    return { loadShedder: undefined, stop: () => undefined };
  }
  const pressure = new Pressure({ maxEventLoopDelayMs: MAX_EVENT_LOOP_DELAY_MS });
  pressure.start();
  const loadShedder = new LoadShedder({ limit, pressure });
  registerSheddingMetrics(register, loadShedder);
  return { loadShedder, stop: () => pressure.stop() };
}
