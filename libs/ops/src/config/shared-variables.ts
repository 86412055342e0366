import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { z } from 'zod';
import { LOG_LEVELS, type Identity } from '../logging/log.js';
import { flag, identifier, oneOf, secret, serviceUrl, seconds, text, toMs, whole } from './environment.js';

/** Name of a process; replicas that are made alike cannot be given each its own, but each has its own host name. */
export const workerId = (name: string) =>
  identifier('a name')
    .default(name)
    .transform((given) => (given === 'hostname' ? hostname() : given));

/** The version in the nearest package.json from a folder upwards: that of the checkout, or of the image's application folder. */
function packageVersion(folder: string): string {
  const path = join(folder, 'package.json');
  if (!existsSync(path)) return packageVersion(dirname(folder));
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

/** Who a process is and how much it says: variables that every app reads. */
export const identityVariables = {
  APP_NAME: identifier('a name').default('falcon'),
  ENVIRONMENT: identifier('a name').default('development'),
  LOG_LEVEL: oneOf(LOG_LEVELS).default('INFO'),
  WORKER_ID: workerId('worker-1'),
  APP_VERSION: identifier('a version').default(() => packageVersion(__dirname)),
};

/** The same in the names that the code uses. */
export function toIdentity(env: z.output<z.ZodObject<typeof identityVariables>>): Identity {
  return { appName: env.APP_NAME, environment: env.ENVIRONMENT, logLevel: env.LOG_LEVEL, workerId: env.WORKER_ID };
}

/** Where Redis, Postgres and the data folder are: variables that every app reads which stores something. */
export const serviceVariables = {
  DATA_DIR: text().default('./data'),
  REDIS_URL: serviceUrl('redis', 'rediss').optional(),
  REDIS_URL_FILE: text().optional(),
  REDIS_QUEUE_URL: serviceUrl('redis', 'rediss').optional(),
  REDIS_QUEUE_URL_FILE: text().optional(),
  REDIS_OPERATION_TIMEOUT_SECONDS: seconds(0.05, 60).default(2),
  POSTGRES_URL: serviceUrl('postgres', 'postgresql').optional(),
  POSTGRES_URL_FILE: text().optional(),
  POSTGRES_POOL_SIZE: whole(1, 1000).default(20),
  POSTGRES_OPERATION_TIMEOUT_SECONDS: seconds(0.1, 600).default(5),
};

/** The same in the units and names that the code uses. */
export function toServices(env: z.output<z.ZodObject<typeof serviceVariables>>) {
  return {
    dataDir: resolve(env.DATA_DIR),
    postgresUrl: env.POSTGRES_URL,
    postgresPoolSize: env.POSTGRES_POOL_SIZE,
    postgresTimeoutMs: toMs(env.POSTGRES_OPERATION_TIMEOUT_SECONDS),
    redisQueueUrl: env.REDIS_QUEUE_URL ?? env.REDIS_URL,
    redisTimeoutMs: toMs(env.REDIS_OPERATION_TIMEOUT_SECONDS),
  };
}

/** The key of operators: variables of the server and of what operates it. */
export const adminKeyVariables = {
  ADMIN_API_KEY: secret().optional(),
  ADMIN_API_KEY_FILE: text().optional(),
};

/** How the audit worker works: variables of every app that can run it. */
export const auditWorkerVariables = {
  AUDIT_WORKER_CONCURRENCY: whole(1, 64).default(4),
  AUDIT_RETENTION_DAYS: whole(1, 36_500).default(30),
  AUDIT_MIGRATE: flag().default(true),
};
