import { once } from 'node:events';
import type { Redis } from 'ioredis';
import { cacheRedis } from '../src/redis/cache-redis.js';
import { RedisAccess } from '../src/redis/redis-access.js';
import { CooldownGate } from '../src/redis/redis-gate.js';
import { RecordingObserver } from './recording-observer.js';
import type { TestRedis } from '../../../scripts/test-support/redis.js';

/** Asks a Redis of the tests as the library does, and says what was observed and logged. */
export interface TestAccess {
  access: RedisAccess;
  redis: Redis;
  observer: RecordingObserver;
  lines: string[];
}

/** Time limit of one command in the tests. */
export const TIMEOUT_MS = 50;
/** How long the gate of the tests rests. */
export const COOLDOWN_MS = 200;

/** Connects to it, and waits until that is done when it is there. */
export async function accessTo(server: TestRedis, { connected = true } = {}): Promise<TestAccess> {
  const redis = cacheRedis(server.url);
  if (connected) {
    await once(redis, 'ready');
  }
  const lines: string[] = [];
  const log = { info: (line: string) => void lines.push(line), warning: (line: string) => void lines.push(line) };
  const observer = new RecordingObserver();
  const gate = new CooldownGate({ failures: 3, cooldownMs: COOLDOWN_MS });
  return { access: new RedisAccess({ redis, gate, timeoutMs: TIMEOUT_MS }, observer, log), redis, observer, lines };
}
