import type { DynamicModule } from '@nestjs/common';
import { CacheModule, listeningRedis } from '@app/cache';
import {
  MaintenanceMode,
  MaintenanceModule,
  memoryLimitBytes,
  registerMaintenanceMetrics,
  SharedSwitch,
  type Log,
} from '@app/ops';
import {
  LoadShedder,
  MemoryRateLimiter,
  Pressure,
  RateLimitMetrics,
  RedisBreakerBus,
  RedisRateLimiter,
  registerSheddingMetrics,
  ResilienceModule,
  type CallBounds,
  type Policies,
  type RateLimiter,
  type WorkCost,
} from '@app/resilience';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { register } from 'prom-client';
import type { Authenticator } from './auth/authenticator.js';
import type { Config } from './config.js';
import { GatesModule } from './gates/gates.module.js';
import { disconnectSignal } from './http/disconnect-signal.js';
import { isSaid } from './infer/said.js';
import { startOf } from './http/exchange.js';
import { SharedRedis } from './shared-redis.js';

/** The adaptive limit sees overload long before; a delay like this is a process that is stuck. Low priority is refused from here on, normal from twice, high from four times. */
const MAX_EVENT_LOOP_DELAY_MS = 500;

/** What is there already. */
export interface ResilienceNeeds {
  policies: Policies;
  authenticator: Authenticator;
  /** Of a text to the inference workers. */
  cost: WorkCost;
}

/** What the app is given. */
export interface ResilienceParts {
  modules: DynamicModule[];
  redis: SharedRedis | undefined;
  /** From here on a delayed event loop tells of overload; before it tells of the start. */
  watchPressure: () => void;
  close: () => void;
}

/** Puts gates, maintenance and cache together; the Redis that they share is opened here and handed to each. */
export function resilienceModules(
  config: Config,
  log: Log,
  { policies, authenticator, cost }: ResilienceNeeds,
): ResilienceParts {
  const shared = config.sharedRedisUrl === undefined ? undefined : new SharedRedis(config.sharedRedisUrl, log);
  const redis = shared?.redis;
  const listener = redis && listeningRedis(redis);
  if (redis && listener) {
    policies.connect(
      new RedisBreakerBus(redis, listener, (error) => log.debug('Breaker openings are not shared', { error })),
    );
  }
  const metrics = new RateLimitMetrics(register);
  const shedding = sheddingOf(config, cost);
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
    loadShedder: shedding?.loadShedder,
    shedStatus: config.loadShedding.status,
    isCircuitForcedOpen: config.isCircuitForcedOpen,
  });
  const modules = [
    ResilienceModule.forRoot(policies, boundsOf(config)),
    gates,
    MaintenanceModule.forRoot(maintenance),
    cacheModule(config, log, { policies, redis }),
  ];
  const close = () => {
    shedding?.pressure.stop();
    maintenance.close();
    redis?.disconnect();
    listener?.disconnect();
  };
  return { modules, redis: shared, watchPressure: () => shedding?.pressure.start(), close };
}

function cacheModule(
  { cache }: Config,
  log: Log,
  { policies, redis }: { policies: Policies; redis: SharedRedis['redis'] | undefined },
): DynamicModule {
  const { oncePerCluster, answers, idempotency } = cache;
  const policy = policies.get('redis');
  const shared = redis && { redis, policy, isAnswer: isSaid, ...(oncePerCluster && { oncePerCluster }) };
  return CacheModule.forRoot({ answers, idempotency, ...(shared && { redis: shared }) }, log);
}

/** What bounds a handler that runs under a policy. */
function boundsOf({ requestTimeoutMs }: Config): CallBounds {
  return (context) => {
    const http = context.switchToHttp();
    const { raw } = http.getResponse<FastifyReply>();
    const { socket } = http.getRequest<FastifyRequest>().raw;
    return { deadlineMs: startOf(raw) + requestTimeoutMs, signal: disconnectSignal(socket) };
  };
}

function rateLimiterOf(
  { rateLimit, rateLimitOverrides: overrides }: Config,
  {
    redis,
    policies,
    metrics,
  }: { redis: SharedRedis['redis'] | undefined; policies: Policies; metrics: RateLimitMetrics },
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

function sheddingOf(
  { loadShedding: { limit } }: Config,
  cost: WorkCost,
): { loadShedder: LoadShedder; pressure: Pressure } | undefined {
  if (!limit) {
    return undefined;
  }
  const pressure = new Pressure({ maxEventLoopDelayMs: MAX_EVENT_LOOP_DELAY_MS, maxRssBytes: memoryLimitBytes() });
  const loadShedder = new LoadShedder({
    limit: limit.kind === 'adaptive' ? { ...limit, options: { ...limit.options, cost } } : limit,
    pressure,
  });
  registerSheddingMetrics(register, loadShedder);
  return { loadShedder, pressure };
}
