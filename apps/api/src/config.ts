import { join, resolve } from 'node:path';
import type { AuditLogOptions, AuditServicesOptions, AuditWorkerOptions } from '@app/audit-log';
import type { CacheOptions, ClusterFlightOptions } from '@app/cache';
import type { InferenceOptions } from '@app/inference';
import {
  readEnvironment,
  toIdentity,
  toMs,
  toServices,
  type Identity,
  type KeySources,
  type NamedUrl,
  type ServiceObjectives,
} from '@app/ops';
import { CONTRADICTIONS } from './contradictions.js';
import { environmentSchema, type Environment } from './environment.js';
import { toObservabilityConfig, type ObservabilityConfig } from './observability-config.js';
import { toResilienceConfig, type ResilienceConfig } from './resilience-config.js';

/** Whether Falcon brings its own services (embedded), is given one of them (mixed) or both (production): by how many are given. */
export const MODES = ['embedded', 'mixed', 'production'] as const;

/** How answers and idempotency keys are kept, and whether. */
export interface CacheConfig extends Omit<CacheOptions, 'redis'> {
  answersEnabled: boolean;
  idempotencyEnabled: boolean;
  /** Longest time that a cache operation waits for Redis. */
  redisTimeoutMs: number;
  /** Undefined: each replica computes for itself. */
  oncePerCluster: ClusterFlightOptions | undefined;
}

/** Who may do what, and how callers reach the server. */
export interface AccessConfig {
  mode: 'off' | 'api-key';
  keys: KeySources;
  /** Whether `/metrics` needs a key. */
  guardsMetrics: boolean;
  /** Whether people on this machine may operate a server that has no admin key. */
  opensAdminToLoopback: boolean;
  /** Proxies whose X-Forwarded-For is believed. */
  trustedProxies: readonly string[];
  /** Origins whose pages may read answers. */
  corsOrigins: readonly string[];
}

/** How often a replica looks whether another one has the answer. */
const CLUSTER_POLL_MS = 10;
const CACHE_TTL_JITTER = 0.1;
const MAX_CACHED_CHARACTERS = 16_384;
/** For each of the 256 answers of the largest batch as many as for ten labels of more than 300 characters. */
const MAX_STORED_CHARACTERS = 256 * 4096;
const IDEMPOTENCY_MEMORY_BYTES = 64 * 1024 * 1024;

/** A start that is to be told of early gives no model up early. */
const LEAST_LOAD_TIMEOUT_MS = 60_000;
/** What a stopping worker in this process gets of the shutdown's time: its jobs are safe in the queue anyway. */
const WORKER_CLOSE_MS = 3000;

/** What the server was told, in the units and names that the code uses. */
export interface Config extends Identity, ResilienceConfig, ObservabilityConfig {
  version: string;
  host: string;
  port: number;
  /** Whether the port opens only when the default model can answer. */
  listensWhenReady: boolean;
  requestTimeoutMs: number;
  bodyTimeoutMs: number;
  startupTimeoutMs: number;
  /** Seconds of saturation after which the server is not ready; 0: it stays ready. */
  readySaturationSeconds: number;
  /** What else the probes look at. */
  remoteServices: readonly NamedUrl[];
  /** From SIGTERM to the end, everything included. */
  shutdownTimeoutMs: number;
  /** How long of that the server serves on as before. */
  drainDelayMs: number;
  access: AccessConfig;
  inference: InferenceOptions;
  cache: CacheConfig;
  mode: (typeof MODES)[number];
  auditLog: AuditLogOptions;
  auditServices: AuditServicesOptions;
  /** Undefined: jobs become rows in a process of apps/audit-worker, not in this one. */
  auditWorker: AuditWorkerOptions | undefined;
  objectives: ServiceObjectives;
  /** What every request to a model leaks, for the drill; 0: nothing. */
  memoryGrowthBytes: number;
}

/**
 * Reads and checks the whole environment; a variable set to nothing counts as not set.
 * @throws {ConfigError} with all faults at once
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  return toConfig(readEnvironment(environmentSchema, env, CONTRADICTIONS));
}

function toConfig(env: Environment): Config {
  return {
    ...toIdentity(env),
    version: env.APP_VERSION,
    host: env.HOST,
    port: env.PORT,
    listensWhenReady: env.LISTEN_WHEN_READY,
    requestTimeoutMs: toMs(env.REQUEST_TIMEOUT_SECONDS),
    bodyTimeoutMs: toMs(env.BODY_TIMEOUT_SECONDS),
    startupTimeoutMs: toMs(env.STARTUP_TIMEOUT_SECONDS),
    readySaturationSeconds: env.READY_SATURATION_SECONDS,
    remoteServices: env.HEALTH_CHECK_URLS ?? [],
    shutdownTimeoutMs: toMs(env.GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS),
    drainDelayMs: toMs(env.DRAIN_DELAY_SECONDS),
    access: toAccessConfig(env),
    inference: {
      modelDir: resolve(env.MODEL_DIR),
      defaultModel: env.DEFAULT_MODEL,
      defaultTask: 'text-classification',
      backend: env.INFERENCE_BACKEND,
      workers: env.INFERENCE_WORKERS,
      batchSize: env.BATCH_SIZE,
      batchTimeoutMs: env.BATCH_TIMEOUT_MS,
      maxQueued: env.INFERENCE_MAX_QUEUED,
      inferenceTimeoutMs: toMs(env.INFERENCE_TIMEOUT_SECONDS),
      loadTimeoutMs: Math.max(LEAST_LOAD_TIMEOUT_MS, toMs(env.STARTUP_TIMEOUT_SECONDS)),
      workerId: env.WORKER_ID,
    },
    ...toObservabilityConfig(env),
    ...toResilienceConfig(env),
    cache: toCacheConfig(env),
    ...toAuditConfig(env),
    objectives: {
      availability: shareOf(env.SLO_AVAILABILITY_PERCENT),
      latency: shareOf(env.SLO_LATENCY_PERCENT),
      thresholdSeconds: env.SLO_LATENCY_SECONDS,
    },
    memoryGrowthBytes: env.DEBUG_MEMORY_GROWTH ? env.DEBUG_MEMORY_GROWTH_MB_PER_REQUEST * 1024 * 1024 : 0,
  };
}

/** Without the digits that a division by 100 adds. */
function shareOf(percent: number): number {
  return Math.round(percent * 1e6) / 1e8;
}

function toAccessConfig(env: Environment): AccessConfig {
  const file = env.API_KEYS_FILE;
  return {
    mode: env.AUTH_MODE,
    keys: { file: file === undefined ? undefined : resolve(file), adminKey: env.ADMIN_API_KEY },
    guardsMetrics: env.METRICS_AUTH,
    opensAdminToLoopback: env.ENVIRONMENT === 'development',
    trustedProxies: env.TRUST_PROXY,
    corsOrigins: env.CORS_ORIGINS,
  };
}

function toCacheConfig(env: Environment): CacheConfig {
  const inferenceTimeoutMs = toMs(env.INFERENCE_TIMEOUT_SECONDS);
  return {
    answersEnabled: env.CACHE_ENABLED,
    idempotencyEnabled: env.IDEMPOTENCY_ENABLED,
    redisTimeoutMs: env.CACHE_REDIS_TIMEOUT_MS,
    // A batch that takes longer than this is taken for lost by its own replica, too.
    oncePerCluster: env.CACHE_ONCE_PER_CLUSTER
      ? { leaseMs: inferenceTimeoutMs, waitMs: inferenceTimeoutMs, pollMs: CLUSTER_POLL_MS }
      : undefined,
    answers: {
      ttlMs: toMs(env.CACHE_TTL_SECONDS),
      ttlJitter: CACHE_TTL_JITTER,
      staleMs: toMs(env.CACHE_STALE_SECONDS),
      memoryBytes: env.CACHE_MEMORY_BYTES,
      maxValueLength: MAX_CACHED_CHARACTERS,
    },
    idempotency: {
      ttlMs: toMs(env.IDEMPOTENCY_TTL_SECONDS),
      leaseMs: toMs(env.IDEMPOTENCY_LEASE_SECONDS),
      maxHoldMs: 2 * toMs(env.REQUEST_TIMEOUT_SECONDS),
      maxBodyLength: MAX_STORED_CHARACTERS,
      memoryBytes: IDEMPOTENCY_MEMORY_BYTES,
    },
  };
}

function toAuditConfig(env: Environment): Pick<Config, 'mode' | 'auditLog' | 'auditServices' | 'auditWorker'> {
  const auditServices = toServices(env);
  const { dataDir, postgresUrl, redisQueueUrl } = auditServices;
  const given = [postgresUrl, redisQueueUrl].filter((url) => url !== undefined).length;
  const runsHere = env.AUDIT_WORKER === 'in-process' || (env.AUDIT_WORKER === 'auto' && given < 2);
  return {
    mode: MODES[given]!,
    auditLog: {
      durability: env.AUDIT_DURABILITY,
      spoolRoot: join(dataDir, 'spool'),
      spoolMaxBytes: env.AUDIT_SPOOL_MAX_BYTES,
      whenFull: env.AUDIT_WHEN_FULL,
      appendTimeoutMs: env.AUDIT_APPEND_TIMEOUT_MS,
      storeText: env.AUDIT_STORE_TEXT,
      workerId: env.WORKER_ID,
    },
    auditServices,
    auditWorker: runsHere
      ? {
          concurrency: env.AUDIT_WORKER_CONCURRENCY,
          retentionDays: env.AUDIT_RETENTION_DAYS,
          migrate: env.AUDIT_MIGRATE,
          closeTimeoutMs: WORKER_CLOSE_MS,
        }
      : undefined,
  };
}
