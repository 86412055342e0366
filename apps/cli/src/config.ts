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
export function loadBackend(): InferenceBackend {
  const backend = oneOf(INFERENCE_BACKENDS).default('auto');
  return readEnvironment(z.object({ INFERENCE_BACKEND: backend }), process.env).INFERENCE_BACKEND;
}

/** Where a server is, and how to be let in. */
export interface ServerAccess {
  url: string;
  adminApiKey?: string | undefined;
}

/** Where the server of this machine is, if its port is the one of this environment. */
export function defaultServerUrl(): string {
  return `http://127.0.0.1:${process.env['PORT'] || 8000}`;
}

/**
 * Reads the key of operators; the names are the server's.
 * @throws {ConfigError} with all faults at once
 */
export function loadAdminKey(): string | undefined {
  return readEnvironment(z.object(adminKeyVariables), process.env).ADMIN_API_KEY;
}

/**
 * Reads where the audit log is; names and defaults are the server's.
 * @throws {ConfigError} with all faults at once
 */
export function loadAuditConfig(): AuditToolsOptions {
  const services = toServices(readEnvironment(z.object(serviceVariables), process.env));
  return { services, spoolRoot: join(services.dataDir, 'spool') };
}
