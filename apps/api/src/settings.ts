import type { CacheConfig, Config } from './config.js';

/** Token under which the configuration is injected. */
export const SETTINGS = Symbol('settings');

/** What controllers and services of this app need to know of the configuration. */
export type Settings = Pick<Config, 'appName' | 'version' | 'workerId' | 'requestTimeoutMs' | 'mode'> & {
  /** Whether answers are stored, and whether idempotency keys are heeded. */
  cache: Pick<CacheConfig, 'answersEnabled' | 'idempotencyEnabled'>;
};
