import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { AuditLogOptions, AuditServicesOptions, AuditWorkerOptions } from '@app/audit-log';
import {
  auditWorkerVariables,
  flag,
  identifier,
  identityVariables,
  oneOf,
  projectFolder,
  readEnvironment,
  seconds,
  serviceVariables,
  text,
  whole,
} from '@app/ops';

/** Folder of the checkout or image. */
export const PROJECT_DIR = projectFolder(__dirname);

/** What a stopping worker in this process gets of the shutdown's time: its jobs are safe in the queue anyway. */
const WORKER_CLOSE_MS = 3000;

const DEFAULT_WORKERS = Math.max(1, availableParallelism() - 1);

/** Every variable the server reads, what it must look like and what it is when it is not set. */
export const environmentSchema = z.object({
  ...identityVariables,
  APP_VERSION: identifier('a version').default(() => packageVersion()),
  HOST: text().default('127.0.0.1'),
  PORT: whole(0, 65_535).default(8000),
  MODEL_DIR: text().default('./models'),
  DEFAULT_MODEL: identifier('the name of a model').default('sentiment'),
  INFERENCE_BACKEND: oneOf(['auto', 'wasm', 'cpu', 'tensorflow']).default('auto'),
  INFERENCE_WORKERS: whole(1, 64).default(DEFAULT_WORKERS),
  BATCH_SIZE: whole(1, 1024).default(32),
  BATCH_TIMEOUT_MS: whole(0, 10_000).default(0),
  INFERENCE_MAX_QUEUED: whole(1, 1_000_000).default(1024),
  INFERENCE_TIMEOUT_SECONDS: seconds(0.1, 3600).default(10),
  REQUEST_TIMEOUT_SECONDS: seconds(0.1, 3600).default(30),
  BODY_TIMEOUT_SECONDS: seconds(1, 3600).default(15),
  STARTUP_TIMEOUT_SECONDS: seconds(1, 3600).default(60),
  GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS: seconds(0, 3600).default(30),
  ...serviceVariables,
  AUDIT_DURABILITY: oneOf(['process', 'disk', 'off']).default('process'),
  AUDIT_STORE_TEXT: flag().default(false),
  AUDIT_SPOOL_MAX_BYTES: whole(1 << 20, 2 ** 40).default(2 ** 30),
  AUDIT_WHEN_FULL: oneOf(['drop', 'refuse']).default('drop'),
  AUDIT_APPEND_TIMEOUT_MS: whole(10, 60_000).default(1000),
  AUDIT_WORKER: oneOf(['auto', 'in-process', 'separate']).default('auto'),
  ...auditWorkerVariables,
});

/** What the server was told, in the units and names that the code uses. */
export interface Config {
  appName: string;
  version: string;
  environment: string;
  logLevel: 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL';
  workerId: string;
  host: string;
  port: number;
  requestTimeoutMs: number;
  bodyTimeoutMs: number;
  startupTimeoutMs: number;
  shutdownTimeoutMs: number;
  inference: {
    modelDir: string;
    defaultModel: string;
    backend: 'auto' | 'wasm' | 'cpu' | 'tensorflow';
    workers: number;
    batchSize: number;
    batchTimeoutMs: number;
    maxQueued: number;
    inferenceTimeoutMs: number;
    workerId: string;
  };
  /** Whether Falcon brings its own services (embedded), uses given ones (production), or one of each (mixed). */
  mode: 'embedded' | 'mixed' | 'production';
  auditLog: AuditLogOptions;
  auditServices: AuditServicesOptions;
  auditWorker: AuditWorkerOptions & { runsHere: boolean };
}

/**
 * Reads and checks the whole environment; a variable set to nothing counts as not set.
 * @throws {ConfigError} with all faults at once
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  return toConfig(readEnvironment(environmentSchema, env));
}

type Environment = z.output<typeof environmentSchema>;

function toConfig(env: Environment): Config {
  return {
    appName: env.APP_NAME,
    version: env.APP_VERSION,
    environment: env.ENVIRONMENT,
    logLevel: env.LOG_LEVEL,
    workerId: env.WORKER_ID,
    host: env.HOST,
    port: env.PORT,
    requestTimeoutMs: env.REQUEST_TIMEOUT_SECONDS * 1000,
    bodyTimeoutMs: env.BODY_TIMEOUT_SECONDS * 1000,
    startupTimeoutMs: env.STARTUP_TIMEOUT_SECONDS * 1000,
    shutdownTimeoutMs: env.GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS * 1000,
    inference: {
      modelDir: resolve(env.MODEL_DIR),
      defaultModel: env.DEFAULT_MODEL,
      backend: env.INFERENCE_BACKEND,
      workers: env.INFERENCE_WORKERS,
      batchSize: env.BATCH_SIZE,
      batchTimeoutMs: env.BATCH_TIMEOUT_MS,
      maxQueued: env.INFERENCE_MAX_QUEUED,
      inferenceTimeoutMs: env.INFERENCE_TIMEOUT_SECONDS * 1000,
      workerId: env.WORKER_ID,
    },
    ...toAuditConfig(env),
  };
}

function toAuditConfig(env: Environment): Pick<Config, 'mode' | 'auditLog' | 'auditServices' | 'auditWorker'> {
  const redisQueueUrl = env.REDIS_QUEUE_URL ?? env.REDIS_URL;
  const given = [env.POSTGRES_URL, redisQueueUrl].filter((url) => url !== undefined).length;
  const dataDir = resolve(env.DATA_DIR);
  return {
    mode: (['embedded', 'mixed', 'production'] as const)[given]!,
    auditLog: {
      durability: env.AUDIT_DURABILITY,
      spoolRoot: join(dataDir, 'spool'),
      spoolMaxBytes: env.AUDIT_SPOOL_MAX_BYTES,
      whenFull: env.AUDIT_WHEN_FULL,
      appendTimeoutMs: env.AUDIT_APPEND_TIMEOUT_MS,
      storeText: env.AUDIT_STORE_TEXT,
      workerId: env.WORKER_ID,
    },
    auditServices: {
      dataDir,
      postgresUrl: env.POSTGRES_URL,
      postgresPoolSize: env.POSTGRES_POOL_SIZE,
      postgresTimeoutMs: env.POSTGRES_OPERATION_TIMEOUT_SECONDS * 1000,
      redisQueueUrl,
      redisTimeoutMs: env.REDIS_OPERATION_TIMEOUT_SECONDS * 1000,
    },
    auditWorker: {
      concurrency: env.AUDIT_WORKER_CONCURRENCY,
      retentionDays: env.AUDIT_RETENTION_DAYS,
      migrate: env.AUDIT_MIGRATE,
      closeTimeoutMs: WORKER_CLOSE_MS,
      runsHere: env.AUDIT_WORKER === 'in-process' || (env.AUDIT_WORKER === 'auto' && given < 2),
    },
  };
}

function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(join(PROJECT_DIR, 'package.json'), 'utf8')) as { version: string };
  return manifest.version;
}
