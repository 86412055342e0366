import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeWithRedis, TestRedis } from '../../../../scripts/test-support/redis.js';
import { eventually, until } from '../../../../scripts/test-support/until.js';
import { modelsWithFallback } from '../support/fallback-models.js';
import { holdRequest, untilInHand } from '../support/held-request.js';
import { startWithClient, stop, type Running } from '../support/running.js';

jest.setTimeout(60_000); // servers start, on a machine that may be busy

/** How long the batcher holds a first item back, so that requests are in flight for as long as a test needs. */
const HELD_MS = 5000;

const held = (running: Running, text = 'held', headers = '') => holdRequest(running, text, headers);

describe('a repeated question', () => {
  let running: Running;
  beforeAll(async () => (running = await startWithClient({ CACHE_ENABLED: 'true', CACHE_TTL_SECONDS: '5' })));
  afterAll(() => stop(running));

  it('is answered from the cache until its time is over', async () => {
    const ask = async () => (await running.client.infer({ text: 'again and again' })).json;
    const [first, second] = [await ask(), await ask()];
    expect([first['cache_hit'], second['cache_hit']]).toEqual([false, true]);
    expect(second['probabilities']).toEqual(first['probabilities']);
    expect(second['request_id']).not.toBe(first['request_id']);
    await sleep(5100);
    expect((await ask())['cache_hit']).toBe(false);
  });

  it('is the same question with space around it, and another one for another model', async () => {
    await running.client.infer({ text: 'the very same' });
    expect((await running.client.infer({ text: '  the very same\n' })).json['cache_hit']).toBe(true);
    expect((await running.client.infer({ text: 'the very same', model: 'intent' })).json['cache_hit']).toBe(false);
  });

  it('is computed once when many ask at once', async () => {
    const computed = async () => {
      const { text } = await running.client.get('/metrics');
      return Number(/^model_inference_batch_size_sum\{[^}]*\} (\d+)$/m.exec(text)?.[1]);
    };
    const before = await computed();
    const answers = await Promise.all(Array.from({ length: 20 }, () => running.client.infer({ text: 'all at once' })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await computed()).toBe(before + 1);
  });
});

describe('an idempotency key', () => {
  let running: Running;
  beforeAll(async () => (running = await startWithClient()));
  afterAll(() => stop(running));

  it.each(['Idempotency-Key', 'X-Idempotency-Key'])('in %s gets the first answer again', async (name) => {
    const key = { [name]: `key-${name}` };
    const first = await running.client.infer({ text: 'once' }, key);
    const second = await running.client.infer({ text: 'once' }, key);
    expect([first.json['idempotency_hit'], second.json['idempotency_hit']]).toEqual([false, true]);
    expect(second.json).toEqual({
      ...first.json,
      idempotency_hit: true,
      processing_time_ms: second.json['processing_time_ms'],
      request_id: second.json['request_id'],
    });
    expect(second.json['request_id']).not.toBe(first.json['request_id']);
  });

  it('is the same bare and quoted, and another one for another tenant or route', async () => {
    await running.client.infer({ text: 'once' }, { 'Idempotency-Key': 'k-1' });
    const hit = async (headers: Record<string, string>) =>
      (await running.client.infer({ text: 'once' }, headers)).json['idempotency_hit'];
    expect(await hit({ 'Idempotency-Key': '"k-1"' })).toBe(true);
    expect(await hit({ 'Idempotency-Key': 'k-1', 'X-Tenant-ID': 'other' })).toBe(false);
    const batch = await running.client.post('/infer/batch', { texts: ['once'] }, { 'Idempotency-Key': 'k-1' });
    expect(batch.status).toBe(200);
  });

  it('covers a batch as a whole', async () => {
    const key = { 'Idempotency-Key': 'k-batch' };
    const ask = async () => (await running.client.post('/infer/batch', { texts: ['a', 'b'] }, key)).json;
    await ask();
    const results = (await ask())['results'] as Record<string, unknown>[];
    expect(results.map((result) => result['idempotency_hit'])).toEqual([true, true]);
  });

  it('is refused with another body, and when it is too long', async () => {
    await running.client.infer({ text: 'one' }, { 'Idempotency-Key': 'k-2' });
    const other = await running.client.infer({ text: 'two' }, { 'Idempotency-Key': 'k-2' });
    expect([other.status, other.json['code']]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    const long = await running.client.infer({ text: 'one' }, { 'Idempotency-Key': 'k'.repeat(256) });
    expect([long.status, long.json['code']]).toEqual([400, 'INVALID_HEADER']);
  });

  it('is free again after a failure', async () => {
    const key = { 'Idempotency-Key': 'k-3' };
    expect((await running.client.infer({ text: 'a', model: 'nobody' }, key)).status).toBe(404);
    expect((await running.client.infer({ text: 'a' }, key)).json['idempotency_hit']).toBe(false);
  });

  it('is in flight while the first request with it runs', async () => {
    const slow = await startWithClient({ BATCH_TIMEOUT_MS: String(HELD_MS) });
    const first = await held(slow, 'x', 'Idempotency-Key: k-4\r\n');
    const second = await slow.client.infer({ text: 'x' }, { 'Idempotency-Key': 'k-4' });
    expect([second.status, second.json['code'], second.headers['retry-after']]).toEqual([
      409,
      'IDEMPOTENCY_KEY_IN_FLIGHT',
      '1',
    ]);
    first.destroy();
    await stop(slow);
  });
});

describe('the rate limit', () => {
  let running: Running;
  const limits = { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_PER_MINUTE: '6', RATE_LIMIT_BURST: '5' };
  beforeAll(async () => (running = await startWithClient(limits)));
  afterAll(() => stop(running));

  it('lets a tenant make its burst, tells it what is left, and then when to come back', async () => {
    const answers = [];
    for (let k = 0; k < 6; k++) answers.push(await running.client.infer({ text: 'a' }, { 'X-Tenant-ID': 'one' }));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429]);
    expect(answers[0]?.headers['ratelimit-policy']).toBe('"tenant";q=6;w=60');
    expect(answers[0]?.headers['ratelimit']).toMatch(/^"tenant";r=4;t=\d+$/);
    expect(answers[5]?.json['code']).toBe('RATE_LIMITED');
    expect(answers[5]?.headers['retry-after']).toMatch(/^([1-9]|10)$/); // one in ten seconds
    expect((await running.client.get('/metrics')).text).toMatch(/^rate_limited_total\{[^}]*\} 1$/m);
  });

  it('is one for each tenant, and none for probes, metrics and documents', async () => {
    for (let k = 0; k < 6; k++) await running.client.infer({ text: 'a' }, { 'X-Tenant-ID': 'two' });
    expect((await running.client.infer({ text: 'a' }, { 'X-Tenant-ID': 'three' })).status).toBe(200);
    for (const path of ['/healthz', '/readyz', '/metrics', '/openapi.json']) {
      for (let k = 0; k < 10; k++) {
        expect((await running.client.get(path, { 'X-Tenant-ID': 'two' })).status).toBe(200);
      }
    }
  });

  it.each([
    ['X-Tenant-ID', 'a b'],
    ['X-Priority', 'urgent'],
    ['X-Allow-Degraded', 'maybe'],
  ])('is not reached with %s: %s', async (name, value) => {
    const answer = await running.client.infer({ text: 'a' }, { [name]: value });
    expect([answer.status, answer.json['code']]).toEqual([400, 'INVALID_HEADER']);
    expect(answer.json['errors']).toMatchObject([{ path: `headers.${name.toLowerCase()}` }]);
  });
});

describe('load shedding', () => {
  const settings = { LOAD_SHEDDING: 'static', MAX_INFLIGHT: '2', BATCH_TIMEOUT_MS: String(HELD_MS) };

  it('refuses what is too much, but no probes, documents and operators', async () => {
    const running = await startWithClient(settings);
    const first = await held(running);
    const second = await held(running, 'another');
    const refused = await running.client.infer({ text: 'a' }, { 'X-Priority': 'low' });
    expect([refused.status, refused.json['code']]).toEqual([503, 'OVERLOADED']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    for (const path of ['/healthz', '/readyz', '/docs', '/openapi.json', '/admin/breakers']) {
      expect([path, (await running.client.get(path)).status]).toEqual([path, 200]);
    }
    const { text } = await running.client.get('/metrics');
    expect(text).toMatch(/^shed_total\{[^}]*priority="low",reason="limit"[^}]*\} 1$/m);
    expect(text).toMatch(/^inflight_requests\{[^}]*\} 2$/m);
    first.destroy();
    second.destroy();
    await untilInHand(running, 0);
    expect((await running.client.infer({ text: 'a' })).status).toBe(200);
    await stop(running);
  });

  it('refuses nobody because of a pause that is over, as after a freeze', async () => {
    const running = await startWithClient({ LOAD_SHEDDING: 'adaptive' });
    const statusesAfterFreeze = async () => {
      running.falcon.process.kill('SIGSTOP');
      const answers = ['a', 'b', 'c'].map((text) => running.client.infer({ text }, { 'X-Priority': 'low' }));
      await sleep(2500); // even high priority would be refused for as long a delay that lasts
      running.falcon.process.kill('SIGCONT');
      return (await Promise.all(answers)).map(({ status }) => status);
    };
    // Twice at most: on a busy machine the event loop may have been late just before, too.
    await eventually(async () => expect(await statusesAfterFreeze()).toEqual([200, 200, 200]), { timeoutMs: 3000 });
    await stop(running);
  });

  it('keeps no place for a client that leaves, however many requests it has sent ahead', async () => {
    const running = await startWithClient({ ...settings, MAX_INFLIGHT: '50' });
    const socket = await running.client.socket();
    const body = JSON.stringify({ text: 'sent ahead' });
    const head = `POST /infer HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
    socket.write(`${head}\r\n\r\n${body}`.repeat(20));
    await untilInHand(running, 20);
    socket.destroy();
    await untilInHand(running, 0);
    expect((await running.client.get('/metrics')).text).toMatch(/^inflight_requests\{[^}]*\} 0$/m);
    await stop(running);
  });

  it('says 429 where that is wanted', async () => {
    const running = await startWithClient({ ...settings, MAX_INFLIGHT: '1', LOAD_SHEDDING_STATUS: '429' });
    const first = await held(running);
    const refused = await running.client.infer({ text: 'a' });
    expect([refused.status, refused.json['code']]).toEqual([429, 'SHED']);
    first.destroy();
    await stop(running);
  });
});

describeWithRedis('load shedding while the rate limit waits for Redis', () => {
  it('keeps no place for clients that leave meanwhile', async () => {
    const redis = await TestRedis.start();
    const running = await startWithClient({
      REDIS_URL: redis.url,
      CACHE_REDIS_TIMEOUT_MS: '5000',
      RATE_LIMIT_ENABLED: 'true',
      LOAD_SHEDDING: 'adaptive',
      BATCH_TIMEOUT_MS: String(HELD_MS),
    });
    redis.freeze();
    const leaving: Socket[] = [];
    for (let k = 0; k < 20; k++) leaving.push(await held(running, `leaves ${k}`));
    leaving.forEach((socket) => socket.destroy());
    await untilInHand(running, 0);
    redis.resume();
    expect((await running.client.infer({ text: 'comes later' })).status).toBe(200);
    await until(async () => /^inflight_requests\{[^}]*\} 0$/m.test((await running.client.get('/metrics')).text));
    await stop(running);
    await redis.stop();
  });
});

describe('a circuit that the operator holds open', () => {
  let running: Running;
  beforeAll(async () => (running = await startWithClient({ CIRCUIT_OPEN: '1' })));
  afterAll(() => stop(running));

  it.each([
    ['/infer', { text: 'a' }],
    ['/infer/batch', { texts: ['a', 'b'] }],
  ])('answers 503 at %s, and when to come back', async (path, body) => {
    const refused = await running.client.post(path, body);
    expect([refused.status, refused.json['code'], refused.headers['retry-after']]).toEqual([503, 'CIRCUIT_OPEN', '60']);
  });

  it.each(['/', '/healthz', '/readyz', '/metrics', '/openapi.json'])('leaves %s alone', async (path) => {
    expect((await running.client.get(path)).status).toBe(200);
  });
});

describe('a model that cannot answer', () => {
  let running: Running;
  beforeAll(async () => {
    running = await startWithClient({
      MODEL_DIR: modelsWithFallback(),
      BATCH_TIMEOUT_MS: String(HELD_MS),
      INFERENCE_MAX_QUEUED: '1',
      CACHE_ENABLED: 'true',
      CACHE_TTL_SECONDS: '0.1',
    });
  });
  afterAll(() => stop(running));

  it('is stood in for by what it declares, and the answer says so', async () => {
    const first = await held(running);
    const { status, json, headers } = await running.client.infer({ text: 'unheard of' });
    expect([status, headers['x-falcon-mode']]).toEqual([200, 'degraded_fallback']);
    expect(json).toMatchObject({
      mode: 'degraded_fallback',
      degraded_reason: 'INFERENCE_QUEUE_FULL',
      prediction: 'neutral',
      confidence: 0.7,
      cache_hit: false,
    });
    const refused = await running.client.infer({ text: 'unheard of' }, { 'X-Allow-Degraded': 'false' });
    expect([refused.status, refused.json['code']]).toEqual([503, 'INFERENCE_QUEUE_FULL']);
    first.destroy();
    const { text } = await running.client.get('/metrics');
    expect(text).toMatch(/^degraded_total\{[^}]*mode="degraded_fallback",reason="INFERENCE_QUEUE_FULL"[^}]*\} 1$/m);
    await untilInHand(running, 0);
  });

  it('is rather stood in for by an answer of its own past its time', async () => {
    const fresh = await running.client.infer({ text: 'known of old' });
    await sleep(300);
    const first = await held(running);
    const { json, headers } = await running.client.infer({ text: 'known of old' });
    expect(headers['x-falcon-mode']).toBe('degraded_cache');
    expect(json).toMatchObject({
      mode: 'degraded_cache',
      degraded_reason: 'INFERENCE_QUEUE_FULL',
      cache_hit: true,
      age_seconds: expect.any(Number) as number,
      probabilities: fresh.json['probabilities'],
    });
    first.destroy();
  });
});

describe('a model that another one stands in for', () => {
  let running: Running;
  beforeEach(async () => {
    running = await startWithClient({ MODEL_DIR: modelsWithFallback({ model: 'intent' }) });
    await until(async () => !(await running.client.get('/metrics')).text.includes('state="loading"'));
    await forceOpen('sentiment');
  });
  afterEach(() => stop(running));

  const forceOpen = async (model: string) =>
    expect((await running.client.send('POST', `/admin/breakers/model:${model}/force-open`)).status).toBe(200);

  it('is answered for by it, as long as its breaker lets calls through, too', async () => {
    const { json } = await running.client.infer({ text: 'where is my card' });
    expect(json).toMatchObject({ mode: 'degraded_fallback', degraded_reason: 'CIRCUIT_OPEN', model: 'intent' });
    await forceOpen('intent');
    const refused = await running.client.infer({ text: 'where is my card' });
    expect([refused.status, refused.json['code']]).toEqual([503, 'CIRCUIT_OPEN']);
    expect(refused.json['detail']).toContain('"model:sentiment"');
  });

  it('is not answered for where that is not wanted, whatever the idempotency key was answered before', async () => {
    const key = { 'Idempotency-Key': 'degraded' };
    const unwilling = { ...key, 'X-Allow-Degraded': 'false' };
    const ask = async (headers: Record<string, string>) => {
      const single = await running.client.infer({ text: 'where is my card' }, headers);
      const batch = await running.client.post('/infer/batch', { texts: ['where is my card'] }, headers);
      const [result] = (batch.json['results'] ?? []) as Record<string, unknown>[];
      return [single.status, single.json['idempotency_hit'], batch.status, result?.['idempotency_hit']];
    };
    expect(await ask(key)).toEqual([200, false, 200, false]);
    expect(await ask(unwilling)).toEqual([503, undefined, 503, undefined]);
    expect(await ask(key)).toEqual([200, true, 200, true]);
  });
});

describeWithRedis('two servers with one Redis', () => {
  let redis: TestRedis;
  let servers: Running[];
  beforeAll(async () => {
    redis = await TestRedis.start();
    const shared = { REDIS_URL: redis.url, CACHE_ENABLED: 'true', RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_BURST: '200' };
    servers = await Promise.all(['a', 'b'].map((id) => startWithClient({ ...shared, WORKER_ID: id })));
  });
  afterAll(async () => {
    await Promise.all(servers.map(stop));
    await redis.stop();
  });
  const ask = async (server: number, text: string, headers: Record<string, string> = {}) =>
    (await servers[server]!.client.infer({ text }, headers)).json;
  let texts = 0;
  /** Nobody waits for the storing of an answer, and a busy machine may miss it. */
  const isShared = async () => {
    const text = `shared by both ${++texts}`;
    await ask(0, text);
    await sleep(50);
    return (await ask(1, text))['cache_hit'] === true;
  };

  it('share answers and idempotency keys', async () => {
    await until(isShared);
    let keys = 0;
    await until(async () => {
      const key = { 'Idempotency-Key': `shared ${++keys}` };
      await ask(0, 'once for both', key);
      return (await ask(1, 'once for both', key))['idempotency_hit'];
    });
  });

  it('answer while Redis is frozen, say what they could not do, and share again afterwards', async () => {
    redis.freeze();
    const startMs = performance.now();
    for (let k = 0; k < 20; k++) expect(await ask(0, `frozen ${k}`)).toMatchObject({ mode: 'fresh' });
    expect(performance.now() - startMs).toBeLessThan(20_000);
    const keyed = await servers[0]!.client.infer({ text: 'keyed' }, { 'Idempotency-Key': 'while frozen' });
    expect([keyed.status, keyed.headers['idempotency-status']]).toEqual([200, 'unavailable']);
    redis.resume();
    await until(isShared, { pollMs: 200 });
  });
});
