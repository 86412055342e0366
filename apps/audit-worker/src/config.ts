import { z } from 'zod';
import type { StandaloneWorkerOptions } from '@app/audit-log';
import {
  auditWorkerVariables,
  host,
  flag,
  identityVariables,
  type Identity,
  readEnvironment,
  seconds,
  serviceVariables,
  toIdentity,
  toMs,
  toServices,
  whole,
  workerId,
} from '@app/ops';

/** Share of the shutdown's time for the jobs in hand; less than what the drain leaves to that step, which has connections to close, too. */
const JOBS_SHARE = 0.7;

/** Every variable the worker reads; names and meanings are those of the server, some defaults are its own. */
export const environmentSchema = z.object({
  ...identityVariables,
  WORKER_ID: workerId('audit-worker-1'),
  HOST: host().default('127.0.0.1'),
  PORT: whole(0, 65_535).default(8001),
  GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS: seconds(0, 3600).default(30),
  CIRCUIT_BREAKER_ENABLED: flag().default(true),
  ...serviceVariables,
  ...auditWorkerVariables,
});

/** What the worker was told, in the units and names that the code uses. */
export interface Config extends Identity, Omit<StandaloneWorkerOptions, 'policies'> {
  version: string;
  host: string;
  port: number;
  shutdownTimeoutMs: number;
  hasBreakers: boolean;
}

/**
 * Reads and checks the whole environment; a variable set to nothing counts as not set.
 * @throws {ConfigError} with all faults at once
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const variables = readEnvironment(environmentSchema, env);
  const shutdownTimeoutMs = toMs(variables.GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS);
  return {
    ...toIdentity(variables),
    version: variables.APP_VERSION,
    host: variables.HOST,
    port: variables.PORT,
    shutdownTimeoutMs,
    hasBreakers: variables.CIRCUIT_BREAKER_ENABLED,
    services: toServices(variables),
    worker: {
      concurrency: variables.AUDIT_WORKER_CONCURRENCY,
      retentionDays: variables.AUDIT_RETENTION_DAYS,
      migrate: variables.AUDIT_MIGRATE,
      closeTimeoutMs: shutdownTimeoutMs * JOBS_SHARE,
    },
  };
}
