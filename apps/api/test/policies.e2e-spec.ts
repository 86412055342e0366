import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeWithRedis, TestRedis } from '../../../scripts/test-support/redis.js';
import { temporaryFolder } from '../../../scripts/test-support/temporary-folder.js';
import { until } from '../../../scripts/test-support/until.js';
import { startWithClient, stop, type Running } from './support/running.js';

jest.setTimeout(60_000); // several servers start, on a machine that may be busy

const HANGING_WORKER = join(__dirname, 'support/hanging-worker.cjs');
/** With this each call of a model is slow while the file exists, and twenty of them open its breaker. */
const slowWhile = (file: string) => ({
  NODE_OPTIONS: `--require=${HANGING_WORKER}`,
  HANG_WHILE: file,
  HANG_MS: '600',
  CIRCUIT_BREAKER_SLOW_CALL_SECONDS: '0.3',
});
const SLOW = slowWhile(HANGING_WORKER);
/** A busy machine does not decide. */
const PATIENT = { CACHE_REDIS_TIMEOUT_MS: '5000' };
const TWENTY = Array.from({ length: 20 }, (_, k) => `text ${k}`);

const running: Running[] = [];
afterEach(() => Promise.all(running.splice(0).map(stop)));

async function start(env: NodeJS.ProcessEnv = {}): Promise<Running> {
  const one = await startWithClient(env);
  running.push(one);
  return one;
}

/** The value of the series that has all these labels; 0 when there is none. */
async function series({ client }: Running, name: string, labels: Record<string, string> = {}): Promise<number> {
  const { text } = await client.get('/metrics');
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const isIt = (line: string) => new RegExp(`^${name}[{ ]`).test(line) && wanted.every((label) => line.includes(label));
  return Number(text.split('\n').find(isIt)?.split(' ').at(-1) ?? 0);
}

const stateOf = (server: Running, dependency: string) => series(server, 'circuit_breaker_state', { dependency });
const changesOf = (server: Running, dependency: string, to: string) =>
  series(server, 'circuit_breaker_state_changes_total', { dependency, to });
/** Waits until the breakers of the models are there: they come when all models are loaded. */
const modelsLoaded = (server: Running) =>
  until(async () => (await server.client.get('/metrics')).text.includes('dependency="model:sentiment"'));

describe('the breaker of a model', () => {
  it('opens when its calls are slow, and no other does', async () => {
    const server = await start(SLOW);
    await modelsLoaded(server);
    expect((await server.client.post('/infer/batch', { texts: TWENTY })).status).toBe(200);
    const refused = await server.client.infer({ text: 'a' });
    expect([refused.status, refused.json['code']]).toEqual([503, 'CIRCUIT_OPEN']);
    expect(refused.json['detail']).toContain('"model:sentiment"');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(1);
    expect((await server.client.infer({ text: 'a', model: 'intent' })).status).toBe(200);
    const states = ['model', 'model:sentiment', 'model:intent'].map((name) => stateOf(server, name));
    expect(await Promise.all(states)).toEqual([1, 1, 0]);
    expect(await series(server, 'circuit_breaker_slow_calls_total', { dependency: 'model:sentiment' })).toBe(20);
    await server.falcon.waitForLog('Circuit breaker open');
    const lines = server.falcon.logs().filter(({ message }) => message === 'Circuit breaker open');
    expect(lines).toMatchObject([{ level: 'WARNING', dependency: 'model:sentiment' }]);
  });

  it('closes again for callers that send nothing but batches, however long their texts wait for a model that is well', async () => {
    const slow = join(temporaryFolder(), 'slow');
    const held = { BATCH_TIMEOUT_MS: '600', CIRCUIT_BREAKER_TIMEOUT_SECONDS: '1' };
    const server = await start({ ...slowWhile(slow), ...held });
    await modelsLoaded(server);
    const ask = async () => (await server.client.post('/infer/batch', { texts: TWENTY })).status;
    writeFileSync(slow, '');
    expect([await ask(), await ask()]).toEqual([200, 503]);
    rmSync(slow);
    await until(async () => (await ask()) === 200);
  });

  it('stays closed where breakers are off', async () => {
    const server = await start({ ...SLOW, CIRCUIT_BREAKER_ENABLED: 'false' });
    await server.client.post('/infer/batch', { texts: TWENTY });
    expect((await server.client.infer({ text: 'a' })).status).toBe(200);
  });
});

describe('the bulkhead of a model', () => {
  const FULL = { BATCH_TIMEOUT_MS: '4000', BULKHEAD_MODEL_MAX_CONCURRENT: '1' };

  it('refuses what is too much for one model, and nothing of another, and what is critical last', async () => {
    const server = await start(FULL);
    await modelsLoaded(server);
    const first = server.client.infer({ text: 'first' });
    await until(async () => (await series(server, 'policy_running_calls', { dependency: 'model' })) === 1);
    const refused = await server.client.infer({ text: 'second' });
    expect([refused.status, refused.json['code'], refused.headers['retry-after']]).toEqual([503, 'BULKHEAD_FULL', '1']);
    const critical = server.client.infer({ text: 'third' }, { 'X-Priority': 'critical' });
    expect((await server.client.infer({ text: 'a', model: 'intent' })).status).toBe(200);
    expect([(await first).status, (await critical).status]).toEqual([200, 200]);
    expect(await series(server, 'policy_rejections_total', { dependency: 'model', reason: 'bulkhead' })).toBe(1);
  });

  it('lets a call wait for a place where it may, until its deadline', async () => {
    const server = await start({ ...FULL, BULKHEAD_MODEL_MAX_WAITING: '2', BULKHEAD_MODEL_MAX_WAIT_MS: '20000' });
    const first = server.client.infer({ text: 'first' });
    await until(async () => (await series(server, 'policy_running_calls', { dependency: 'model' })) === 1);
    const second = server.client.infer({ text: 'second' });
    const late = await server.client.infer({ text: 'third' }, { 'X-Request-Timeout-Ms': '2500' });
    expect([late.status, late.json['code'], late.json['stage']]).toEqual([504, 'DEADLINE_EXCEEDED', 'model.bulkhead']);
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
    expect(await series(server, 'timeouts_total', { stage: 'model.bulkhead' })).toBe(1);
  });
});

describe('the queue of a model that batches have filled', () => {
  const batch = (name: string) => ({ texts: [`${name} 1`, `${name} 2`] });

  it('takes in a critical text in place of the last one, and gives its batch up', async () => {
    const server = await start({ BATCH_TIMEOUT_MS: '8000', INFERENCE_MAX_QUEUED: '8', BATCH_SIZE: '32' });
    await modelsLoaded(server);
    const batches = ['a', 'b', 'c', 'd'].map((name) => server.client.post('/infer/batch', batch(name)));
    await until(async () => (await series(server, 'inference_queue_depth', { model: 'sentiment' })) === 8);
    const normal = await server.client.infer({ text: 'one too many' });
    expect([normal.status, normal.json['code']]).toEqual([503, 'INFERENCE_QUEUE_FULL']);
    const critical = server.client.infer({ text: 'urgent' }, { 'X-Priority': 'critical' });
    const refused = await Promise.race(batches);
    expect([refused.status, refused.json['code']]).toEqual([503, 'INFERENCE_QUEUE_FULL']);
    expect((await critical).status).toBe(200);
    expect((await Promise.all(batches)).filter(({ status }) => status === 200)).toHaveLength(3);
  });
});

describe('a deadline', () => {
  it('that passes while the text waits for the model is counted where it passed', async () => {
    const server = await start({ BATCH_TIMEOUT_MS: '2000' });
    expect(await series(server, 'timeouts_total', { stage: 'inference' })).toBe(0);
    // A server that stands still meanwhile notices elsewhere, so more than once.
    await until(async () => {
      const late = await server.client.infer({ text: 'a' }, { 'X-Request-Timeout-Ms': '100' });
      expect(late.status).toBe(504);
      return late.json['stage'] === 'queue';
    });
    expect(await series(server, 'timeouts_total', { stage: 'queue' })).toBe(1);
  });
});

describe('a text that is computed for another caller', () => {
  it('is computed again when that one’s deadline passes, not one’s own', async () => {
    const server = await start({ CACHE_ENABLED: 'true', BATCH_TIMEOUT_MS: '8000' });
    const hurried = server.client.infer({ text: 'the same' }, { 'X-Request-Timeout-Ms': '5000' });
    await until(async () => (await series(server, 'policy_running_calls', { dependency: 'model' })) === 1);
    const patient = await server.client.infer({ text: 'the same' });
    expect((await hurried).status).toBe(504);
    expect([patient.status, patient.json['mode']]).toEqual([200, 'fresh']);
  });

  it('is computed again for a critical caller when that one, who was less urgent, is refused', async () => {
    const held = { BATCH_TIMEOUT_MS: '8000', INFERENCE_MAX_QUEUED: '2' };
    const server = await start({ ...held, CACHE_ENABLED: 'true', LOAD_SHEDDING: 'adaptive' });
    await modelsLoaded(server);
    const inFlight = (requests: number) => until(async () => (await series(server, 'inflight_requests')) === requests);
    const low = server.client.infer({ text: 'the same' }, { 'X-Priority': 'low' });
    await inFlight(1);
    const joined = server.client.infer({ text: 'the same' }, { 'X-Priority': 'critical' });
    const another = server.client.infer({ text: 'another' });
    await inFlight(3);
    await until(async () => (await series(server, 'inference_queue_depth', { model: 'sentiment' })) === 2);
    const displacing = server.client.infer({ text: 'urgent' }, { 'X-Priority': 'critical' });
    const answers = await Promise.all([low, joined, another, displacing]);
    expect(answers.map(({ status }) => status)).toEqual([503, 200, 503, 200]);
  });
});

describe('the rate limits of single tenants', () => {
  it('hold for them, and for nobody else', async () => {
    const server = await start({
      RATE_LIMIT_ENABLED: 'true',
      RATE_LIMIT_PER_MINUTE: '1',
      RATE_LIMIT_BURST: '1',
      RATE_LIMIT_OVERRIDES: 'trusted=6000:3,small=1:2',
    });
    const statusesOf = async (tenant: string) => {
      const statuses: number[] = [];
      for (let k = 0; k < 3; k++)
        statuses.push((await server.client.infer({ text: 'a' }, { 'X-Tenant-ID': tenant })).status);
      return statuses;
    };
    expect(await statusesOf('trusted')).toEqual([200, 200, 200]);
    expect(await statusesOf('small')).toEqual([200, 200, 429]);
    expect(await statusesOf('other')).toEqual([200, 429, 429]);
    const { headers } = await server.client.infer({ text: 'a' }, { 'X-Tenant-ID': 'trusted' });
    expect(headers['ratelimit-policy']).toBe('"tenant";q=6000;w=60');
  });
});

describeWithRedis('replicas with one Redis', () => {
  let redis: TestRedis;
  beforeEach(async () => (redis = await TestRedis.start()));
  afterEach(() => redis.stop());

  const untilListening = (channel: string, replicas: number) =>
    until(async () => ((await redis.command('PUBSUB', 'NUMSUB', channel)) as [string, number])[1] === replicas);
  const untilBothListen = () => untilListening('falcon:breakers', 2);
  const replicas = (urls: Record<string, string>, env: NodeJS.ProcessEnv = {}) =>
    Promise.all(['a', 'b'].map((id) => start({ WORKER_ID: id, ...urls, ...env })));

  it('try for themselves at once when a breaker opens on one of them', async () => {
    const [one, other] = await replicas({ REDIS_URL: redis.url }, SLOW);
    await Promise.all([one!, other!].map(modelsLoaded));
    await untilBothListen();
    await one!.client.post('/infer/batch', { texts: TWENTY });
    expect(await stateOf(one!, 'model:sentiment')).toBe(1);
    await until(async () => (await stateOf(other!, 'model:sentiment')) === 2);
    expect(await changesOf(other!, 'model:sentiment', 'half_open')).toBe(1);
    expect(await changesOf(other!, 'model:intent', 'half_open')).toBe(0);
  });

  it('do not hear those that use another database of it', async () => {
    const databases = ['a', 'b', 'c'].map((id, k) => ({ WORKER_ID: id, REDIS_URL: `${redis.url}/${k > 0 ? 1 : 0}` }));
    const [other, one, replica] = await Promise.all(databases.map((env) => start({ ...env, ...SLOW })));
    await Promise.all([other!, one!, replica!].map(modelsLoaded));
    await untilListening('falcon:breakers:1', 2);
    await untilListening('falcon:breakers', 1);
    await one!.client.post('/infer/batch', { texts: TWENTY });
    await until(async () => (await stateOf(replica!, 'model:sentiment')) === 2);
    expect(await changesOf(other!, 'model:sentiment', 'half_open')).toBe(0);
  });

  it('hear each other on a Redis that came after they did', async () => {
    await redis.kill();
    const [one, other] = await replicas({ REDIS_URL: redis.url }, SLOW);
    await Promise.all([one!, other!].map(modelsLoaded));
    await redis.startAgain();
    await untilBothListen();
    await one!.falcon.waitForLog('Redis available');
    await one!.client.post('/infer/batch', { texts: TWENTY });
    await until(async () => (await stateOf(other!, 'model:sentiment')) === 2);
  });

  it('decide alone without it', async () => {
    const [one, other] = await replicas({}, SLOW);
    await Promise.all([one!, other!].map(modelsLoaded));
    await one!.client.post('/infer/batch', { texts: TWENTY });
    expect(await stateOf(one!, 'model:sentiment')).toBe(1);
    await sleep(200);
    expect(await changesOf(other!, 'model:sentiment', 'half_open')).toBe(0);
  });

  it.each([
    ['true', 1],
    ['false', 2],
  ])('compute a text once for all of them with CACHE_ONCE_PER_CLUSTER=%s: %i time(s)', async (flag, times) => {
    const env = { CACHE_ENABLED: 'true', CACHE_ONCE_PER_CLUSTER: flag, BATCH_TIMEOUT_MS: '4000', ...PATIENT };
    const both = await replicas({ REDIS_URL: redis.url }, env);
    const computed = async () =>
      (await Promise.all(both.map((one) => series(one, 'model_inference_batch_size_sum')))).reduce((a, b) => a + b);
    const before = await computed();
    const answers = await Promise.all(both.map(({ client }) => client.infer({ text: 'dear' })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(await computed()).toBe(before + times);
    expect(answers.filter(({ json }) => json['cache_hit']).length).toBe(2 - times);
  });

  it('ask again for an idempotency key when Redis stalls, so that it is heeded', async () => {
    const server = await start({ REDIS_URL: redis.url, RETRY_BASE_DELAY_MS: '1000', CACHE_REDIS_TIMEOUT_MS: '500' });
    await server.client.infer({ text: 'a' }, { 'Idempotency-Key': 'first' });
    redis.freeze();
    const stalled = server.client.infer({ text: 'a' }, { 'Idempotency-Key': 'stalled' });
    await until(
      async () => (await series(server, 'retry_attempts_total', { operation: 'redis_check_idempotency' })) > 0,
    );
    redis.resume();
    const { status, headers } = await stalled;
    expect([status, headers['idempotency-status']]).toEqual([200, undefined]);
    expect(await series(server, 'timeouts_total', { stage: 'redis' })).toBeGreaterThan(0);
    const again = await server.client.infer({ text: 'a' }, { 'Idempotency-Key': 'stalled' });
    expect(again.json['idempotency_hit']).toBe(true);
  });

  it('ask once where retries are off, and never again past the deadline', async () => {
    const off = await start({ REDIS_URL: redis.url, RETRY_ENABLED: 'false' });
    const hurried = await start({ REDIS_URL: redis.url, RETRY_BASE_DELAY_MS: '60000', RETRY_MAX_DELAY_MS: '60000' });
    redis.freeze();
    for (const server of [off, hurried]) {
      const { status, headers } = await server.client.infer({ text: 'a' }, { 'Idempotency-Key': 'k' });
      expect([status, headers['idempotency-status']]).toEqual([200, 'unavailable']);
      expect(await series(server, 'retry_attempts_total', { operation: 'redis_check_idempotency' })).toBe(0);
      expect(await series(server, 'cache_errors_total', { operation: 'check_idempotency' })).toBe(1);
    }
    redis.resume();
  });
});
