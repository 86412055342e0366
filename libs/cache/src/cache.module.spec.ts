import { once } from 'node:events';
import { NestFactory } from '@nestjs/core';
import { Policy } from '@app/resilience';
import type { Redis } from 'ioredis';
import { Registry } from 'prom-client';
import { describeWithRedis, TestRedis } from '../../../scripts/test-support/redis.js';
import { AnswerCache, cacheKey, CacheModule, cacheRedis, Idempotency, type CacheOptions } from './index.js';

const OPTIONS: CacheOptions = {
  answers: { memoryBytes: 1_000_000, maxValueLength: 10_000, ttlMs: 60_000, ttlJitter: 0.1, staleMs: 60_000 },
  idempotency: { memoryBytes: 1_000_000, ttlMs: 60_000, leaseMs: 10_000, maxHoldMs: 60_000, maxBodyLength: 10_000 },
};
const log = { info: () => undefined, warning: () => undefined, error: () => undefined };
const { key } = cacheKey({ model: 'sentiment', version: '1', text: 'A fine day' });
const compute = () => Promise.resolve('computed');
const request = { tenant: 'acme', route: 'POST /infer', key: 'order-12', fingerprint: 'f' };

/** What an app finds where it has imported the module. */
async function wire(
  options: CacheOptions,
): Promise<{ answers: AnswerCache; idempotency: Idempotency; registry: Registry }> {
  const registry = new Registry();
  const app = await NestFactory.createApplicationContext(CacheModule.forRoot(options, log, registry), {
    logger: false,
  });
  return { answers: app.get(AnswerCache), idempotency: app.get(Idempotency), registry };
}

describe('CacheModule', () => {
  it('remembers in this process without a Redis', async () => {
    const { answers, idempotency, registry } = await wire(OPTIONS);
    await answers.getOrCompute(key, compute);
    expect(await answers.getOrCompute(key, compute)).toEqual({ value: 'computed', origin: 'cache' });
    const first = await idempotency.begin(request);
    expect(first.state).toBe('claimed');
    expect((await idempotency.begin(request)).state).toBe('in-flight');
    const metrics = await registry.metrics();
    expect(metrics).toContain('cache_memory_entries 1');
    expect(metrics).toContain('idempotency_memory_keys 1');
    expect(metrics).toContain('cache_hits_total 1');
  });
});

describeWithRedis('CacheModule with Redis', () => {
  let server: TestRedis;
  const connections: Redis[] = [];

  const replica = async (): ReturnType<typeof wire> => {
    const redis = cacheRedis(server.url);
    connections.push(redis);
    await once(redis, 'ready');
    return wire({ ...OPTIONS, redis: { redis, policy: new Policy('redis', { timeoutMs: 5000 }) } });
  };

  beforeAll(async () => (server = await TestRedis.start()));
  afterAll(async () => {
    connections.forEach((redis) => redis.disconnect());
    await server.stop();
  });

  it('remembers for all replicas', async () => {
    const [one, other] = await Promise.all([replica(), replica()]);
    await one.answers.keep(key, 'given');
    expect(await other.answers.getOrCompute(key, compute)).toEqual({ value: 'given', origin: 'cache' });
    const first = await one.idempotency.begin(request);
    expect(first.state === 'claimed' && (await first.claim.complete(200, '{}'))).toBe(true);
    expect(await other.idempotency.begin(request)).toEqual({ state: 'replay', answer: { status: 200, body: '{}' } });
    expect(await other.registry.metrics()).toContain('idempotency_hits_total 1');
  });

  it('goes on with its own memory while Redis is away, and counts it', async () => {
    const { answers, idempotency, registry } = await replica();
    await answers.keep(key, 'at hand');
    await answers.getOrCompute(key, compute);
    await server.kill();
    expect(await answers.getOrCompute(key, compute)).toEqual({ value: 'at hand', origin: 'cache' });
    expect((await answers.getOrCompute('falcon:cache:1:other', compute)).origin).toBe('computed');
    expect((await idempotency.begin(request)).state).toBe('unavailable');
    const metrics = await registry.metrics();
    expect(metrics).toContain('fallback_triggered_total{dependency="redis",fallback_type="cache_miss"} 1');
    expect(metrics).toContain('fallback_triggered_total{dependency="redis",fallback_type="idempotency_skip"} 1');
  });
});
