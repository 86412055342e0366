import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Policy } from '@app/resilience';
import { cacheRedis } from '../src/redis/cache-redis.js';
import { RedisAccess } from '../src/redis/redis-access.js';
import { Idempotency } from '../src/idempotency/idempotency.js';
import { RedisIdempotencyStore } from '../src/idempotency/redis-idempotency-store.js';
import { RecordingObserver } from './recording-observer.js';

/** What the process is told, a line of JSON each. */
export interface ClaimOrder {
  key: string;
  /** Claims at the same time. */
  times: number;
}

const TIMEOUT_MS = 2000; // what counts here is who wins, not how fast

/** A replica that claims what it is told and holds what it gets until it is killed; answers each line with the states. */
async function main(url: string, leaseMs: number): Promise<void> {
  const redis = cacheRedis(url);
  await once(redis, 'ready');
  const observer = new RecordingObserver();
  const silent = { info: () => undefined, warning: () => undefined, error: () => undefined };
  const policy = new Policy('redis', { timeoutMs: TIMEOUT_MS });
  const access = new RedisAccess({ redis, policy }, observer, silent);
  const options = { ttlMs: 60_000, leaseMs, maxHoldMs: 60_000, maxBodyLength: 1000 };
  const idempotency = new Idempotency(new RedisIdempotencyStore(access), options, observer);
  process.stdout.write('ready\n');
  for await (const line of createInterface(process.stdin)) {
    const { key, times } = JSON.parse(line) as ClaimOrder;
    const request = { tenant: 'tenant', route: 'POST /infer', key, fingerprint: 'f' };
    const outcomes = await Promise.all(Array.from({ length: times }, () => idempotency.begin(request)));
    process.stdout.write(`${JSON.stringify(outcomes.map(({ state }) => state))}\n`);
  }
  redis.disconnect(); // the test is over, or was ended
}

void main(process.argv[2] as string, Number(process.argv[3]));
