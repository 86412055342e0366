import { once } from 'node:events';
import { Redis } from 'ioredis';
import { describeWithRedis, TestRedis } from '../../../../scripts/test-support/redis.js';
import { eventually, until } from '../../../../scripts/test-support/until.js';
import { createLog } from '../logging/log.js';
import { MaintenanceUnavailableError } from './maintenance.errors.js';
import { MaintenanceMode } from './maintenance-mode.js';
import { SharedSwitch } from './shared-switch.js';

const KEY = 'falcon:maintenance';
const ON = { on: true, sinceMs: 1 };

describeWithRedis('replicas with one Redis', () => {
  const log = createLog({ logLevel: 'CRITICAL', workerId: 'w', appName: 'a', environment: 'test' });
  const connections: Redis[] = [];
  const modes: MaintenanceMode[] = [];
  let redis: TestRedis;

  beforeEach(async () => (redis = await TestRedis.start()));
  afterEach(async () => {
    modes.splice(0).forEach((mode) => mode.close());
    connections.splice(0).forEach((connection) => connection.disconnect());
    await redis.stop();
  });

  async function connect(): Promise<Redis> {
    const limits = { maxRetriesPerRequest: 0, socketTimeout: 1500, disconnectTimeout: 50 };
    const settings = { enableOfflineQueue: false, autoResubscribe: false, retryStrategy: () => 50 };
    const connection = new Redis(redis.url, { ...limits, ...settings });
    connection.on('error', () => undefined); // commands reject with it
    connections.push(connection);
    await once(connection, 'ready');
    return connection;
  }

  const fail = (error: unknown) => {
    throw error;
  };

  const sharedSwitch = async () => new SharedSwitch(await connect(), await connect());

  const listeners = async () => ((await redis.command('PUBSUB', 'NUMSUB', KEY)) as [string, number])[1];

  async function replica(): Promise<MaintenanceMode> {
    const mode = new MaintenanceMode({ isOnAtStart: false, shared: await sharedSwitch(), log });
    modes.push(mode);
    await mode.start(5000);
    return mode;
  }

  it('know the switch as soon as they have started', async () => {
    await redis.command('SET', KEY, JSON.stringify(ON));
    const mode = await replica();
    expect([mode.isOn('all'), mode.isOn('replica'), mode.isSharedReachable]).toEqual([true, false, true]);
  });

  it('hear of a change, and find it', async () => {
    const [one, other] = [await sharedSwitch(), await sharedSwitch()];
    expect(await other.read()).toBeUndefined();
    const changed = new Promise<void>((resolve, reject) => other.watch(resolve, reject));
    await until(async () => (await listeners()) > 0);
    await one.write(ON, fail);
    await changed;
    expect(await other.read()).toEqual(ON);
  });

  it('find a change that nobody may tell them of', async () => {
    const [one, other] = [await replica(), await replica()];
    await redis.command('ACL', 'SETUSER', 'default', '-publish');
    await one.set('all', { on: true });
    expect(one.isOn('all')).toBe(true);
    await eventually(() => expect(other.isOn('all')).toBe(true));
  });

  it('hear of changes on the connection that comes after a lost one, too', async () => {
    const shared = await sharedSwitch();
    shared.watch(
      () => undefined,
      () => undefined,
    );
    await until(async () => (await listeners()) === 1);
    const again = once(connections.at(-1)!, 'ready');
    await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await again;
    await eventually(async () => expect(await listeners()).toBe(1));
  });

  it('bring back what Redis has lost, but not over what came after', async () => {
    const shared = await sharedSwitch();
    await shared.restore(ON);
    expect(await shared.read()).toEqual(ON);
    const off = { on: false, sinceMs: 2 };
    await shared.write(off, fail);
    await shared.restore(ON);
    expect(await shared.read()).toEqual(off);
  });

  it('are not moved by what is no switch', async () => {
    const shared = await sharedSwitch();
    for (const stored of ['nonsense', '{}', 'null', '{"on":"yes","sinceMs":1}']) {
      await redis.command('SET', KEY, stored);
      await expect(shared.read()).rejects.toMatchObject({ name: expect.stringMatching(/Error$/) });
    }
  });

  it('cannot be switched together while Redis is frozen, and stay as they are', async () => {
    const mode = await replica();
    await mode.set('all', { on: true });
    redis.freeze();
    await expect(mode.set('all', { on: false })).rejects.toThrow(MaintenanceUnavailableError);
    expect(mode.isOn('all')).toBe(true);
    redis.resume();
  });
});
