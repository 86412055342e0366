import { once } from 'node:events';
import { Policy } from '@app/resilience';
import type { Redis } from 'ioredis';
import { cacheRedis } from '../src/redis/cache-redis.js';
import { RedisAccess } from '../src/redis/redis-access.js';
import { RecordingObserver } from './recording-observer.js';
import type { TestRedis } from '../../../scripts/test-support/redis.js';

/** Asks a Redis of the tests as the library does, and says what was observed and logged. */
export interface TestAccess {
  access: RedisAccess;
  redis: Redis;
  observer: RecordingObserver;
  lines: string[];
}

/** Time limit of one command where nothing is to fail: a busy machine must not decide. */
const PATIENT_MS = 5000;
/** Failures in a row after which nothing is asked. */
const MOST_FAILURES = 20;
/** For how long nothing is asked then. */
export const REST_MS = 1000;

/** Connects to it, and waits until that is done when it is there. */
export async function accessTo(
  server: Pick<TestRedis, 'url'>,
  { connected = true, timeoutMs = PATIENT_MS } = {},
): Promise<TestAccess> {
  const redis = cacheRedis(server.url);
  if (connected) {
    await once(redis, 'ready');
  }
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const log = { info: write, warning: write, error: write };
  const observer = new RecordingObserver();
  const breaker = {
    failureThreshold: MOST_FAILURES,
    openMs: REST_MS,
    openJitter: 0,
    halfOpenCalls: 1,
    successThreshold: 1,
  };
  const policy = new Policy('redis', { timeoutMs, breaker });
  return { access: new RedisAccess({ redis, policy }, observer, log), redis, observer, lines };
}
