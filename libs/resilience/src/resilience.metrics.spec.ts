import { Counter, Registry } from 'prom-client';
import { VirtualClock } from '../test-support/virtual-clock.js';
import { moved } from '../../../scripts/test-support/moved-series.js';
import { Policies } from './policy/policies.js';
import { ResilienceMetrics } from './resilience.metrics.js';
import { sharedCounters } from './shared-metrics.js';

describe('ResilienceMetrics', () => {
  let registry: Registry;
  let policies: Policies;
  let clock: VirtualClock;

  beforeEach(() => {
    registry = new Registry();
    clock = new VirtualClock();
    const metrics = new ResilienceMetrics(registry);
    policies = new Policies({
      policies: {
        redis: {
          bulkhead: { maxConcurrent: 1, maxWaiting: 1 },
          retry: { maxAttempts: 2, baseDelayMs: 0, budgetMinimum: 1 },
          retried: ['get'],
          breaker: { failureThreshold: 3, slowCallMs: 50 },
        },
        model: { timeoutMs: 50 },
      },
      workerId: 'worker-1',
      observers: [metrics],
      clock,
    });
    metrics.watch(policies);
  });

  const failing = () => Promise.reject(new Error('no'));

  it('shows the state of each breaker, and everything else at 0, from the start', async () => {
    expect(await moved(registry)).toEqual({ 'circuit_breaker_state_info{dependency="redis",state="closed"}': 1 });
    const text = await registry.metrics();
    expect(text).toContain('circuit_breaker_state{dependency="redis"} 0');
    expect(text).toContain('circuit_breaker_failures_total{dependency="redis"} 0');
    expect(text).toContain('timeouts_total{stage="model"} 0');
    expect(text.match(/^retry_attempts_total\{.*/gm)).toEqual(['retry_attempts_total{operation="get"} 0']);
    expect(text).toContain('policy_rejections_total{dependency="redis",reason="circuit_open"} 0');
  });

  it('moves with everything that policies do', async () => {
    const redis = policies.get('redis');
    await redis.execute(async () => clock.advance(50), { operation: 'get' });
    await expect(redis.execute(failing, { operation: 'get' })).rejects.toThrow('no');
    await expect(redis.execute(failing)).rejects.toThrow('no'); // the budget is empty; opens
    await redis.execute(failing, { fallback: () => undefined });
    redis.breaker?.reset();
    const { promise, resolve } = Promise.withResolvers<void>();
    const calls = [redis.execute(() => promise), redis.execute(() => promise)];
    await expect(redis.execute(() => promise)).rejects.toThrow('takes no more calls');
    const model = policies.get('model').execute(() => promise);
    clock.advance(50);
    await expect(model).rejects.toThrow('did not answer');
    await expect(policies.get('model').execute(failing, { deadlineMs: 0 })).rejects.toThrow('deadline');
    expect(await moved(registry)).toMatchObject({
      'policy_running_calls{dependency="redis"}': 1,
      'policy_waiting_calls{dependency="redis"}': 1,
    });
    resolve();
    await Promise.allSettled(calls);
    expect(await moved(registry)).toEqual({
      'circuit_breaker_state_info{dependency="redis",state="closed"}': 1,
      'circuit_breaker_state_changes_total{dependency="redis",to="open"}': 1,
      'circuit_breaker_state_changes_total{dependency="redis",to="closed"}': 1,
      'circuit_breaker_successes_total{dependency="redis"}': 3,
      'circuit_breaker_failures_total{dependency="redis"}': 3,
      'circuit_breaker_slow_calls_total{dependency="redis"}': 2, // the one that was under way, too
      'policy_rejections_total{dependency="redis",reason="bulkhead"}': 1,
      'policy_rejections_total{dependency="redis",reason="circuit_open"}': 1,
      'retry_attempts_total{operation="get"}': 1,
      'retry_budget_exhausted_total{dependency="redis"}': 1,
      'timeouts_total{stage="model"}': 2,
      'dependency_duration_seconds_sum{dependency="redis",operation="get"}': 0.05,
      'dependency_duration_seconds_count{dependency="redis",operation="get"}': 3,
      'dependency_duration_seconds_sum{dependency="redis",operation="redis"}': 0.05,
      'dependency_duration_seconds_count{dependency="redis",operation="redis"}': 3,
      'dependency_duration_seconds_sum{dependency="model",operation="model"}': 0.05,
      'dependency_duration_seconds_count{dependency="model",operation="model"}': 1,
    });
  });

  it('shows an open, a half-open and a forced breaker', async () => {
    const { breaker } = policies.get('redis');
    for (const [change, state, number] of [
      [() => breaker?.forceOpen(), 'forced_open', 1],
      [() => breaker?.reset(), 'closed', 0],
      [() => breaker?.probe('worker-2'), 'half_open', 2],
    ] as const) {
      change();
      const text = await registry.metrics();
      expect(text).toContain(`circuit_breaker_state{dependency="redis"} ${number}`);
      expect(text).toContain(`circuit_breaker_state_info{dependency="redis",state="${state}"} 1`);
      expect(text.match(/circuit_breaker_state_info\{.*\} 1/g)).toHaveLength(1);
    }
  });

  it('shows a family as one, in the state of its worst member, and the breaker of each member', async () => {
    const other = new Registry();
    const metrics = new ResilienceMetrics(other);
    const families = { model: { breaker: { failureThreshold: 1 }, bulkhead: { maxConcurrent: 1 } } };
    const family = new Policies({ policies: {}, families, workerId: 'worker-1', observers: [metrics], clock });
    metrics.watch(family);
    expect(await other.metrics()).toContain('circuit_breaker_state{dependency="model"} 0');
    await family
      .family('model')
      .of('a')
      .execute(() => Promise.resolve());
    family.family('model').of('b');
    for (const dependency of ['model', 'model:a', 'model:b']) {
      const series = `circuit_breaker_state_changes_total{dependency="${dependency}",to="open"} 0`;
      expect(await other.metrics()).toContain(series);
    }
    await expect(family.family('model').of('b').execute(failing)).rejects.toThrow('no');
    await expect(family.family('model').of('b').execute(failing)).rejects.toThrow('circuit');
    expect(await moved(other)).toEqual({
      'circuit_breaker_state{dependency="model"}': 1,
      'circuit_breaker_state{dependency="model:b"}': 1,
      'circuit_breaker_state_info{dependency="model",state="open"}': 1,
      'circuit_breaker_state_info{dependency="model:a",state="closed"}': 1,
      'circuit_breaker_state_info{dependency="model:b",state="open"}': 1,
      'circuit_breaker_state_changes_total{dependency="model",to="open"}': 1,
      'circuit_breaker_state_changes_total{dependency="model:b",to="open"}': 1,
      'circuit_breaker_successes_total{dependency="model"}': 1,
      'circuit_breaker_successes_total{dependency="model:a"}': 1,
      'circuit_breaker_failures_total{dependency="model"}': 1,
      'circuit_breaker_failures_total{dependency="model:b"}': 1,
      'policy_rejections_total{dependency="model",reason="circuit_open"}': 1,
      'dependency_duration_seconds_count{dependency="model",operation="model"}': 2,
    });
  });

  it('counts on counters that others have registered', async () => {
    const other = new Registry();
    const name = 'retry_attempts_total';
    const registered = new Counter({ name, help: 'of others', labelNames: ['operation'], registers: [other] });
    expect(sharedCounters(other).retries).toBe(registered);
    const metrics = new ResilienceMetrics(other);
    metrics.onRetry('redis', { operation: 'get' });
    metrics.onTimeout('redis', 'redis');
    expect(await moved(other)).toEqual({
      'retry_attempts_total{operation="get"}': 1,
      'timeouts_total{stage="redis"}': 1,
    });
  });
});
