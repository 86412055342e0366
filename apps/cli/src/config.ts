import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { AuditToolsOptions } from '@app/audit-log';
import { INFERENCE_BACKENDS, type InferenceBackend } from '@app/inference';
import { adminKeyVariables, oneOf, readEnvironment, serviceVariables, toServices } from '@app/ops';

/** What the CLI takes from its environment; every value can be given as an option too. */
export interface CliConfig {
  /** Folder that holds `<name>/<version>/model.json`. */
  modelDir: string;
  /** Model that is meant when none is named. */
  defaultModel: string;
  /** Worker threads. */
  workers: number;
  /** File of hashed keys; undefined: it has to be named. */
  keysFile: string | undefined;
}

/** Reads the environment; the names are the server's. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): CliConfig {
  return {
    modelDir: env['MODEL_DIR'] || 'models',
    defaultModel: env['DEFAULT_MODEL'] || 'sentiment',
    workers: availableParallelism(),
    keysFile: env['API_KEYS_FILE'] || undefined,
  };
}

/**
 * Reads what models are computed by; the name is the server's.
 * @throws {ConfigError}
 */
export function loadBackend(env: NodeJS.ProcessEnv = process.env): InferenceBackend {
  const backend = oneOf(INFERENCE_BACKENDS).default('auto');
  return readEnvironment(z.object({ INFERENCE_BACKEND: backend }), env).INFERENCE_BACKEND;
}

/** Where a server is, and how to be let in. */
export interface ServerAccess {
  url: string;
  adminApiKey?: string | undefined;
}

/** Where the server of this machine is, if its port is the one of this environment. */
export function defaultServerUrl(env: NodeJS.ProcessEnv = process.env): string {
  return `http://127.0.0.1:${env['PORT'] || 8000}`;
}

/**
 * Reads the key of operators; the names are the server's.
 * @throws {ConfigError} with all faults at once
 */
export function loadAdminKey(env: NodeJS.ProcessEnv = process.env): string | undefined {
  return readEnvironment(z.object(adminKeyVariables), env).ADMIN_API_KEY;
}

/**
 * Reads where the audit log is; names and defaults are the server's.
 * @throws {ConfigError} with all faults at once
 */
export function loadAuditConfig(env: NodeJS.ProcessEnv = process.env): AuditToolsOptions {
  const services = toServices(readEnvironment(z.object(serviceVariables), env));
  return { services, spoolRoot: join(services.dataDir, 'spool') };
}
