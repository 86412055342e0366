import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';

/** Folder of the checkout or image: the nearest one above this file that has a package.json. */
export const PROJECT_DIR = projectDir(__dirname);

function projectDir(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : projectDir(dirname(folder));
}

/** A text variable. */
const text = () => z.string().min(1);

/** A whole number between two bounds, written in digits. */
function whole(min: number, max: number) {
  const expected = `a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,10}$/, expected)
    .transform(Number)
    .refine((value) => value >= min && value <= max, expected);
}

/** A number of seconds between two bounds, fractions allowed. */
function seconds(min: number, max: number) {
  const expected = `a number of seconds from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}(\.\d{1,6})?$/, expected)
    .transform(Number)
    .refine((value) => value >= min && value <= max, expected);
}

/** One of a few words, in the case given here. */
function oneOf<const T extends readonly [string, ...string[]]>(words: T) {
  return z.enum(words, `one of ${words.join(', ')}`);
}

const identifier = (what: string) =>
  z.string().regex(/^[\w.-]{1,64}$/, `${what} of 1 to 64 letters, digits, dots, dashes or underscores`);

const DEFAULT_WORKERS = Math.max(1, availableParallelism() - 1);

/** Every variable the server reads, what it must look like and what it is when it is not set. */
export const environmentSchema = z.object({
  APP_NAME: identifier('a name').default('falcon'),
  APP_VERSION: identifier('a version').default(() => packageVersion()),
  ENVIRONMENT: identifier('a name').default('development'),
  LOG_LEVEL: oneOf(['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL']).default('INFO'),
  WORKER_ID: identifier('a name').default('worker-1'),
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
}

/** The environment asks for something that cannot be; the message names each variable, its value and what was expected. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_INVALID';
  constructor(readonly faults: readonly string[]) {
    super(`The configuration is invalid:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/**
 * Reads and checks the whole environment; a variable set to nothing counts as not set.
 * @throws {ConfigError} with all faults at once
 */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.fromEntries(
    Object.keys(environmentSchema.shape)
      .map((name) => [name, env[name]?.trim()])
      .filter(([, value]) => value !== undefined && value !== ''),
  ) as Record<string, string>;
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map((issue) => faultOf(issue, given)));
  }
  return toConfig(parsed.data);
}

function faultOf(issue: z.core.$ZodIssue, given: Record<string, string>): string {
  const name = String(issue.path[0]);
  return `${name}=${JSON.stringify(given[name])} must be ${issue.message}.`;
}

function toConfig(env: z.output<typeof environmentSchema>): Config {
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
  };
}

function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(join(PROJECT_DIR, 'package.json'), 'utf8')) as { version: string };
  return manifest.version;
}
