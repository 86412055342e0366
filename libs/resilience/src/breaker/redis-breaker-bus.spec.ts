import { once } from 'node:events';
import { Redis } from 'ioredis';
import { describeWithRedis, TestRedis } from '../../../../scripts/test-support/redis.js';
import { eventually, until } from '../../../../scripts/test-support/until.js';
import type { Opening } from './breaker-bus.js';
import { RedisBreakerBus } from './redis-breaker-bus.js';

describeWithRedis('RedisBreakerBus', () => {
  const connections: Redis[] = [];
  let redis: TestRedis;
  let errors: unknown[];

  beforeEach(async () => {
    errors = [];
    redis = await TestRedis.start();
  });

  afterEach(async () => {
    connections.splice(0).forEach((connection) => connection.disconnect());
    await redis.stop();
  });

  function connect(password?: string): Redis {
    const settings = { retryStrategy: () => 20, maxRetriesPerRequest: null, disconnectTimeout: 50 };
    const connection = new Redis(redis.url, password === undefined ? settings : { ...settings, password });
    connection.on('error', () => undefined); // of the killed server; commands reject with it
    connections.push(connection);
    return connection;
  }

  const bus = () => new RedisBreakerBus(connect(), connect(), (error) => errors.push(error));

  async function hasListener(): Promise<boolean> {
    return ((await redis.command('PUBSUB', 'NUMSUB', 'falcon:breakers')) as [string, number])[1] > 0;
  }

  /** A bus of another replica, and what it has heard. */
  async function listening(): Promise<Opening[]> {
    const heard: Opening[] = [];
    bus().subscribe((opening) => heard.push(opening));
    await until(hasListener);
    return heard;
  }

  it('tells other replicas of an opening', async () => {
    const heard = await listening();
    bus().publish({ policy: 'model', workerId: 'worker-1' });
    await until(() => heard.length > 0);
    expect(heard).toEqual([{ policy: 'model', workerId: 'worker-1' }]);
  });

  it('is that of one database', async () => {
    const heard = await listening();
    const elsewhere = new Redis(`${redis.url}/1`, { disconnectTimeout: 50 });
    connections.push(elsewhere);
    new RedisBreakerBus(elsewhere, connect(), (error) => errors.push(error)).publish({
      policy: 'model',
      workerId: 'elsewhere',
    });
    await elsewhere.ping(); // it has been published
    bus().publish({ policy: 'model', workerId: 'worker-1' });
    await until(() => heard.length > 0);
    expect(heard).toEqual([{ policy: 'model', workerId: 'worker-1' }]);
  });

  it('goes on after Redis was away, and never throws', async () => {
    const heard = await listening();
    const publisher = bus();
    await redis.kill();
    publisher.publish({ policy: 'model', workerId: 'lost or late' });
    await redis.startAgain();
    await until(hasListener);
    publisher.publish({ policy: 'model', workerId: 'worker-1' });
    await until(() => heard.some(({ workerId }) => workerId === 'worker-1'));
    expect(heard.at(-1)).toEqual({ policy: 'model', workerId: 'worker-1' });
  });

  it('listens as soon as Redis lets it in', async () => {
    const admin = connect();
    const setPassword = (password: string) => admin.config('SET', 'requirepass', password);
    await setPassword('old');
    const listener = connect('new');
    new RedisBreakerBus(admin, listener, (error) => errors.push(error)).subscribe(() => undefined);
    await once(listener, 'error');
    await setPassword('new');
    await eventually(async () => expect(await admin.call('PUBSUB', 'NUMSUB', 'falcon:breakers')).toContain(1));
  });

  it('reports messages that are no openings', async () => {
    const heard = await listening();
    for (const message of ['{', 'null', '{"policy":1}']) await redis.command('PUBLISH', 'falcon:breakers', message);
    await until(() => errors.length === 3);
    expect(errors.map((error) => (error as Error).message)).toEqual([
      'Not an opening of a breaker: {',
      'Not an opening of a breaker: null',
      'Not an opening of a breaker: {"policy":1}',
    ]);
    expect(heard).toEqual([]);
  });
});
