import { describeWithRedis, TestRedis } from '../../../scripts/test-support/redis.js';
import { eventually, until } from '../../../scripts/test-support/until.js';
import type { Answer } from './support/answer.js';
import { startWithClient, stop, type Running } from './support/running.js';

jest.setTimeout(60_000);

const KEY = 'falcon:maintenance';

function ask({ client }: Running): Promise<Answer> {
  return client.infer({ text: 'a good day' });
}

async function put({ client }: Running, body: object): Promise<Answer> {
  const text = JSON.stringify(body);
  return client.send('PUT', '/admin/maintenance', { body: text, headers: { 'content-type': 'application/json' } });
}

/** Asks until the answer has this status: others hear of a switch a moment later. */
async function untilAnswered(running: Running, status: number): Promise<void> {
  let answer: Answer;
  const isSo = async () => {
    answer = await ask(running);
    return answer.status === status;
  };
  await until(isSo, { complaint: () => `still ${answer.status} instead of ${status}: ${answer.text}` });
}

function switchLines({ falcon }: Running): string[] {
  return falcon
    .logs()
    .flatMap(({ message, scope }) =>
      message.startsWith('Maintenance mode is') ? [`${message.split(' ').at(-1)} ${String(scope)}`] : [],
    );
}

describe('MAINTENANCE_MODE', () => {
  let running: Running;
  beforeAll(async () => {
    const limits = { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_PER_MINUTE: '1', RATE_LIMIT_BURST: '2' };
    running = await startWithClient({ MAINTENANCE_MODE: 'on', ...limits });
  });
  afterAll(() => stop(running));

  it('refuses what asks a model, after the rate limit, and says when to ask again', async () => {
    const single = await ask(running);
    expect(single.status).toBe(503);
    expect(single.json).toMatchObject({ code: 'MAINTENANCE', detail: 'maintenance', error: 'maintenance' });
    expect(single.headers['retry-after']).toBe('60');
    const batch = await running.client.post('/infer/batch', { texts: ['a'] });
    expect([batch.status, batch.json['code']]).toEqual([503, 'MAINTENANCE']);
    expect((await ask(running)).json['code']).toBe('RATE_LIMITED');
  });

  it('lets everything else pass', async () => {
    for (const path of ['/', '/healthz', '/readyz', '/metrics', '/docs', '/openapi.json', '/admin/maintenance']) {
      expect([path, (await running.client.get(path)).status]).toEqual([path, 200]);
    }
    expect((await running.client.get('/infer')).status).toBe(405);
  });

  it('can be switched off', async () => {
    const { json } = await put(running, { on: false });
    expect(json).toMatchObject({ active: false, replica: { on: false } });
    expect((await running.client.infer({ text: 'a' }, { 'X-Tenant-ID': 'fresh' })).status).toBe(200);
    await eventually(() => expect(switchLines(running)).toEqual(['on replica', 'off replica']));
  });
});

describe('maintenance mode of a server alone', () => {
  let running: Running;
  beforeAll(async () => (running = await startWithClient()));
  afterAll(() => stop(running));

  const metric = async (scope: string) => {
    const { text } = await running.client.get('/metrics');
    return Number(new RegExp(`^maintenance_mode\\{[^}]*scope="${scope}"[^}]*\\} (\\d)$`, 'm').exec(text)?.[1]);
  };

  it('ends by itself, and says until when', async () => {
    const until = new Date(Date.now() + 10_000).toISOString();
    const { status, json } = await put(running, { on: true, reason: 'new disks', until });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      active: true,
      worker_id: 'worker-1',
      replica: { on: true, reason: 'new disks', until },
    });
    expect(json['all']).toBeUndefined();
    const refused = await ask(running);
    expect(refused.status).toBe(503);
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(10);
    expect(refused.text).not.toContain('disks');
    expect([await metric('replica'), await metric('all')]).toEqual([1, 0]);
    const line = await running.falcon.waitForLog('Maintenance mode is on');
    expect(line).toMatchObject({ level: 'WARNING', scope: 'replica', reason: 'new disks', until });

    await untilAnswered(running, 200);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(until));
    expect((await running.client.get('/admin/maintenance')).json).toMatchObject({
      active: false,
      replica: { on: false },
    });
    await running.falcon.waitForLog('Maintenance mode is off');
    expect(await metric('replica')).toBe(0);
  });

  it.each([
    [{}, 'on'],
    [{ on: 'yes' }, 'on'],
    [{ on: true, until: '2020-01-01T00:00:00Z' }, 'until'],
    [{ on: true, until: 'tomorrow' }, 'until'],
    [{ on: false, until: '2999-01-01T00:00:00Z' }, 'until'],
    [{ on: true, scope: 'all' }, 'scope'],
    [{ on: true, scope: 'world' }, 'scope'],
    [{ on: true, reason: '' }, 'reason'],
    [{ on: true, reason: 'x'.repeat(201) }, 'reason'],
    [{ on: true, force: true }, 'force'],
  ])('is not switched by %j', async (body, path) => {
    const { status, json } = await put(running, body);
    expect([status, json['errors']]).toMatchObject([422, [{ path }]]);
    expect((await ask(running)).status).toBe(200);
  });
});

describeWithRedis('maintenance mode of two servers with one Redis', () => {
  let redis: TestRedis;
  let servers: Running[];

  beforeEach(async () => {
    redis = await TestRedis.start();
    servers = [];
  });
  afterEach(async () => {
    await Promise.all(servers.map(stop));
    await redis.stop();
  });

  /** Starts one that has read the switch: a start waits a second for it, which a busy machine may take. */
  async function start(id: string): Promise<Running> {
    const running = await startWithClient({ WORKER_ID: id, REDIS_URL: redis.url, CACHE_ENABLED: 'true' });
    servers.push(running);
    await untilReachable(running, true);
    return running;
  }

  async function untilReachable({ client }: Running, reachable: boolean): Promise<void> {
    const expected = { all: { reachable } };
    await eventually(async () => expect((await client.get('/admin/maintenance')).json).toMatchObject(expected));
  }

  /** Switches; again where Redis did not answer in time. */
  async function turn(running: Running, body: object): Promise<void> {
    await eventually(async () => expect((await put(running, body)).status).toBe(200));
  }

  it('is switched for all, unless it is meant for one, and outlives restarts', async () => {
    const [a, b] = await Promise.all([start('a'), start('b')]);
    await turn(a, { on: true, reason: 'for all' });
    expect((await ask(a)).status).toBe(503);
    await untilAnswered(b, 503);
    expect((await b.client.get('/admin/maintenance')).json).toMatchObject({
      active: true,
      worker_id: 'b',
      replica: { on: false },
      all: { on: true, reason: 'for all', reachable: true },
    });

    await stop(a);
    const again = await start('a');
    expect((await ask(again)).status).toBe(503);

    await turn(b, { on: true, scope: 'replica' });
    await turn(b, { on: false });
    await untilAnswered(again, 200);
    expect((await ask(b)).status).toBe(503);
    await turn(b, { on: false, scope: 'replica' });
    expect((await ask(b)).status).toBe(200);
    await eventually(() => expect(switchLines(b)).toEqual(['on all', 'on replica', 'off all', 'off replica']));
  });

  it('stays as it was while Redis is away, and each replica can still be switched', async () => {
    const [a, b] = await Promise.all([start('a'), start('b')]);
    await turn(a, { on: true });
    await untilAnswered(b, 503);
    await redis.kill();
    await untilReachable(a, false);
    await a.falcon.waitForLog('The shared maintenance switch cannot be read: it stays as it is last known');
    const refused = await put(a, { on: false });
    expect([refused.status, refused.json['code']]).toEqual([503, 'MAINTENANCE_UNAVAILABLE']);
    expect((await ask(a)).status).toBe(503);
    expect((await ask(b)).status).toBe(503);
    const { json } = await put(a, { on: true, scope: 'replica' });
    expect(json).toMatchObject({ active: true, replica: { on: true }, all: { on: true, reachable: false } });

    // It comes back empty: whoever knows brings the switch back.
    await redis.startAgain();
    await untilReachable(a, true);
    await a.falcon.waitForLog('The shared maintenance switch is read again');
    await until(() => redis.command('EXISTS', KEY));
    expect(JSON.parse(String(await redis.command('GET', KEY)))).toMatchObject({ on: true });
    await turn(a, { on: false, scope: 'replica' });
    await turn(a, { on: false });
    await untilAnswered(b, 200);
    expect((await ask(a)).status).toBe(200);
  });

  it('heals when a message was missed, and is not moved by what is no switch', async () => {
    const [a, b] = await Promise.all([start('a'), start('b')]);
    await redis.command('SET', KEY, JSON.stringify({ on: true, sinceMs: Date.now() }));
    await Promise.all([untilAnswered(a, 503), untilAnswered(b, 503)]);
    await redis.command('SET', KEY, 'nonsense');
    await a.falcon.waitForLog('The shared maintenance switch cannot be read: it stays as it is last known');
    expect((await ask(a)).status).toBe(503);
    await turn(a, { on: false });
    await untilAnswered(b, 200);
  });
});

describe('a start while Redis is away', () => {
  it('is not held up, and says that it does not know', async () => {
    const running = await startWithClient({ REDIS_URL: 'redis://127.0.0.1:9', REDIS_QUEUE_URL: '' });
    expect((await ask(running)).status).toBe(200);
    await running.falcon.waitForLog('The shared maintenance switch cannot be read: it stays as it is last known');
    await stop(running);
  });
});
