import type { BreakerBus, Opening } from '../breaker/breaker-bus.js';
import { UnknownPolicyError } from '../resilience.errors.js';
import { Policies } from './policies.js';
import type { PolicyObserver } from './policy-observer.js';

/** What all replicas of a test share. */
class LocalBus implements BreakerBus {
  readonly published: Opening[] = [];
  private readonly listeners: ((opening: Opening) => void)[] = [];

  publish(opening: Opening): void {
    this.published.push(opening);
    this.listeners.forEach((listener) => listener(opening));
  }

  subscribe(listener: (opening: Opening) => void): void {
    this.listeners.push(listener);
  }
}

describe('Policies', () => {
  const options = { policies: { redis: { breaker: { failureThreshold: 2, openMs: 0 } }, model: {} } };

  async function fail(policies: Policies, times: number): Promise<void> {
    for (let k = 0; k < times; k++) {
      const call = policies.get('redis').execute(() => Promise.reject(new Error('no')));
      await expect(call).rejects.toThrow('no');
    }
  }

  it('are found by name, and name the known ones when asked for another', () => {
    const policies = new Policies({ ...options, workerId: 'worker-1' });
    expect(policies.get('model').name).toBe('model');
    expect(policies.all().map(({ name }) => name)).toEqual(['redis', 'model']);
    expect(() => policies.get('postgres')).toThrow(UnknownPolicyError);
    expect(() => policies.get('postgres')).toThrow('There is no policy "postgres"; configured are: redis, model.');
  });

  it('tell every observer', async () => {
    const told: string[] = [];
    const observer = (name: string): PolicyObserver => ({
      onStateChange: ({ policy, to }) => told.push(`${name}: ${policy} ${to}`),
      onAttempt: (policy, operation) => told.push(`${name}: ${policy} ${operation}`),
    });
    const policies = new Policies({ ...options, workerId: 'worker-1', observers: [observer('a'), {}, observer('b')] });
    await fail(policies, 2);
    expect(told).toEqual([
      'a: redis redis',
      'b: redis redis',
      'a: redis open',
      'b: redis open',
      'a: redis redis',
      'b: redis redis',
    ]);
  });

  it('make other replicas probe when a breaker opens, but not when it opens again', async () => {
    const bus = new LocalBus();
    const [one, two] = ['worker-1', 'worker-2'].map((workerId) => new Policies({ ...options, workerId }));
    one?.connect(bus);
    two?.connect(bus);
    await fail(one as Policies, 2);
    expect(bus.published).toEqual([{ policy: 'redis', workerId: 'worker-1' }]);
    expect(two?.get('redis').breaker?.state).toBe('half_open');
    await fail(one as Policies, 1); // its trial
    expect(one?.get('redis').breaker?.stats().stateChanges).toBeGreaterThanOrEqual(3);
    expect(bus.published).toHaveLength(1);
  });

  it('of a family are one for each member: what one fails at does not close another', async () => {
    const changes: string[] = [];
    const policies = new Policies({
      policies: {},
      families: { model: { breaker: { failureThreshold: 2 }, bulkhead: { maxConcurrent: 1 } } },
      workerId: 'worker-1',
      observers: [{ onStateChange: ({ policy, dependency, to }) => changes.push(`${dependency}, ${policy}: ${to}`) }],
    });
    const models = policies.family('model');
    for (let k = 0; k < 2; k++) {
      await expect(models.of('a.1').execute(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    }
    expect(changes).toEqual(['model, model:a.1: open']);
    await expect(models.of('a.1').execute(() => Promise.resolve('answer'))).rejects.toThrow('circuit of "model:a.1"');
    expect(await models.of('b').execute(() => Promise.resolve('answer'))).toBe('answer');
    expect(policies.all().map(({ name }) => name)).toEqual(['model:a.1', 'model:b']);
    expect(policies.get('model:a.1')).toBe(models.of('a.1'));
    expect(() => policies.family('tool')).toThrow('There is no policy "tool"; configured are: model.');
    const late = models.of('b').execute(() => Promise.resolve(), { deadlineMs: 0 });
    await expect(late).rejects.toMatchObject({ stage: 'model' });
  });

  it('hear of the members of a family that they have', () => {
    const bus = new LocalBus();
    const policies = new Policies({ policies: {}, families: { model: { breaker: {} } }, workerId: 'worker-1' });
    policies.connect(bus);
    policies.family('model').of('a');
    bus.publish({ policy: 'model:a', workerId: 'worker-2' });
    bus.publish({ policy: 'model:b', workerId: 'worker-2' });
    expect(policies.get('model:a').breaker?.state).toBe('half_open');
    expect(policies.all()).toHaveLength(1);
  });

  it('hear of policies that they do not have', () => {
    const bus = new LocalBus();
    const policies = new Policies({ ...options, workerId: 'worker-1' });
    policies.connect(bus);
    bus.publish({ policy: 'postgres', workerId: 'worker-2' });
    bus.publish({ policy: 'model', workerId: 'worker-2' }); // has no breaker
    expect(policies.get('redis').breaker?.state).toBe('closed');
  });
});
