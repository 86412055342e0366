import { toMs, type Contradiction } from '@app/ops';
import type { Environment } from './environment.js';

/** What variables of the server cannot be together. */
export const CONTRADICTIONS: readonly Contradiction<Environment>[] = [
  {
    names: ['DRAIN_DELAY_SECONDS', 'GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS'],
    isOne: (env) => env.DRAIN_DELAY_SECONDS > 0 && env.DRAIN_DELAY_SECONDS >= env.GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS,
    expected: (env) =>
      `less than GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS, which is ${env.GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS} and includes it`,
  },
  {
    names: ['BATCH_TIMEOUT_MS', 'REQUEST_TIMEOUT_SECONDS'],
    isOne: (env) => env.BATCH_TIMEOUT_MS >= toMs(env.REQUEST_TIMEOUT_SECONDS),
    expected: (env) =>
      `less than REQUEST_TIMEOUT_SECONDS, which is ${env.REQUEST_TIMEOUT_SECONDS}: nothing would be answered`,
  },
  {
    names: ['AUTH_MODE', 'API_KEYS_FILE'],
    isOne: (env) => env.AUTH_MODE === 'api-key' && env.API_KEYS_FILE === undefined,
    expected: () => 'off unless API_KEYS_FILE is set',
  },
  {
    names: ['METRICS_AUTH', 'API_KEYS_FILE', 'ADMIN_API_KEY'],
    isOne: (env) => env.METRICS_AUTH && (env.API_KEYS_FILE ?? env.ADMIN_API_KEY) === undefined,
    expected: () => 'false unless API_KEYS_FILE or ADMIN_API_KEY is set',
  },
  {
    names: ['LOAD_SHEDDING_MIN_LIMIT', 'LOAD_SHEDDING_MAX_LIMIT'],
    isOne: (env) => env.LOAD_SHEDDING_MIN_LIMIT > env.LOAD_SHEDDING_MAX_LIMIT,
    expected: (env) => `at most LOAD_SHEDDING_MAX_LIMIT, which is ${env.LOAD_SHEDDING_MAX_LIMIT}`,
  },
  {
    names: ['RETRY_BASE_DELAY_MS', 'RETRY_MAX_DELAY_MS'],
    isOne: (env) => env.RETRY_BASE_DELAY_MS > env.RETRY_MAX_DELAY_MS,
    expected: (env) => `at most RETRY_MAX_DELAY_MS, which is ${env.RETRY_MAX_DELAY_MS}`,
  },
  {
    names: ['CACHE_ONCE_PER_CLUSTER', 'REDIS_URL'],
    isOne: (env) => env.CACHE_ONCE_PER_CLUSTER && env.REDIS_URL === undefined,
    expected: () => 'false unless REDIS_URL is set',
  },
  {
    names: ['AUDIT_STORE_TEXT', 'AUDIT_DURABILITY'],
    isOne: (env) => env.AUDIT_STORE_TEXT && env.AUDIT_DURABILITY === 'off',
    expected: () => 'false with AUDIT_DURABILITY=off: there is no audit log to store it in',
  },
  {
    names: ['AUDIT_WHEN_FULL', 'AUDIT_DURABILITY'],
    isOne: (env) => env.AUDIT_WHEN_FULL === 'refuse' && env.AUDIT_DURABILITY === 'off',
    expected: () => 'drop with AUDIT_DURABILITY=off: no answer is recorded',
  },
  {
    names: ['DEBUG_MEMORY_GROWTH', 'ENVIRONMENT'],
    isOne: (env) => env.DEBUG_MEMORY_GROWTH && /^prod(uction)?$/i.test(env.ENVIRONMENT),
    expected: (env) => `false with ENVIRONMENT=${env.ENVIRONMENT}: it makes the server run out of memory`,
  },
  {
    names: ['DEBUG_MEMORY_GROWTH_MB_PER_REQUEST', 'DEBUG_MEMORY_GROWTH'],
    isOne: (env) => env.DEBUG_MEMORY_GROWTH && env.DEBUG_MEMORY_GROWTH_MB_PER_REQUEST === 0,
    expected: () => 'more than 0 with DEBUG_MEMORY_GROWTH=true',
  },
];
