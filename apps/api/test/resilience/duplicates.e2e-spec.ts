import { until } from '../../../../scripts/test-support/until.js';
import { describeWithRedis } from '../../../../scripts/test-support/redis.js';
import type { Answer } from '../support/answer.js';
import { AuditStack } from '../support/audit-stack.js';
import { Client } from '../support/client.js';
import { scrape } from '../support/metrics.js';
import type { Service } from '../support/service.js';

jest.setTimeout(90_000);

/** Without a cache, so that only the key can keep a text from being computed twice; each is computed for a while. */
const SETTINGS = {
  CACHE_ENABLED: 'false',
  BATCH_TIMEOUT_MS: '300',
  AUDIT_WORKER: 'in-process',
  CACHE_REDIS_TIMEOUT_MS: '5000', // a busy machine does not decide
};
const DUPLICATES = 50;

interface Row {
  status: number;
  success: boolean;
  idempotency_hit: boolean;
  worker_id: string;
}

let stack: AuditStack;
let clients: Client[];

async function open(replicas: readonly Service[]): Promise<void> {
  for (const replica of replicas) await replica.start(); // the first one makes the table
  clients = replicas.map(({ port }) => new Client(port));
}

async function close(): Promise<void> {
  clients.forEach((client) => client.close());
  await stack.close();
}

const ask = (client: Client, key: string, text = 'once only'): Promise<Answer> =>
  client.infer({ text }, { 'Idempotency-Key': key });

async function rowsOf(key: string): Promise<Row[]> {
  await Promise.all(stack.apis.filter((api) => api.isRunning()).map((api) => api.whenShipped()));
  return stack.query<Row>(
    `SELECT status, success, idempotency_hit, worker_id FROM inference_logs WHERE idempotency_key = $1`,
    [key],
  );
}

async function computed(): Promise<number> {
  const metrics = await Promise.all(clients.map((client) => scrape(client)));
  return metrics.reduce((sum, all) => sum + (all.get('model_inference_batch_size_sum') ?? 0), 0);
}

async function expectOneExecution(key: string): Promise<void> {
  const before = await computed();
  const answers = await Promise.all(
    Array.from({ length: DUPLICATES }, (_, k) => ask(clients[k % clients.length]!, key)),
  );
  expect((await computed()) - before).toBe(1);
  const first = answers.filter(({ status, json }) => status === 200 && json['idempotency_hit'] === false);
  const replays = answers.filter(({ json }) => json['idempotency_hit'] === true);
  const conflicts = answers.filter(({ status, json, headers }) => {
    return status === 409 && json['code'] === 'IDEMPOTENCY_KEY_IN_FLIGHT' && Number(headers['retry-after']) >= 1;
  });
  expect([first.length, replays.length + conflicts.length]).toEqual([1, DUPLICATES - 1]);
  const again = await Promise.all(clients.map((client) => ask(client, key)));
  for (const { json } of [...replays, ...again]) {
    expect(json).toMatchObject({ idempotency_hit: true, worker_id: first[0]!.json['worker_id'] });
    expect(json['probabilities']).toEqual(first[0]!.json['probabilities']);
  }
  const rows = await rowsOf(key);
  expect(rows.filter(({ success, idempotency_hit }) => success && !idempotency_hit)).toHaveLength(1);
  // Every answer is on record, also that it was given before or could not be given.
  expect(rows.filter(({ idempotency_hit }) => idempotency_hit)).toHaveLength(replays.length + again.length);
  expect(rows.filter(({ status }) => status === 409)).toHaveLength(conflicts.length);
}

describe('50 requests at once with one idempotency key', () => {
  beforeAll(async () => {
    stack = await AuditStack.open();
    await open([await stack.api('alone', SETTINGS)]);
  });
  afterAll(close);

  it('are computed once', () => expectOneExecution('fifty'));

  it('are computed once in each of many rounds', async () => {
    for (let round = 0; round < 5; round++) await expectOneExecution(`round-${round}`);
  });
});

describeWithRedis('two replicas that share their idempotency keys', () => {
  beforeAll(async () => {
    stack = await AuditStack.open({ redis: 'now', postgres: 'now' });
    const env = { ...SETTINGS, REDIS_URL: stack.redis!.url, IDEMPOTENCY_LEASE_SECONDS: '4' };
    await open([await stack.api('a', { ...env, BATCH_TIMEOUT_MS: '6000' }), await stack.api('b', env)]);
  });
  afterAll(close);
  const heldKeys = async () => ((await stack.redis!.command('KEYS', 'falcon:idempotency:*')) as string[]).length;
  /** Asks, and resolves to the answer to come once the key is known to be claimed. */
  const askAndClaim = async (client: Client, key: string): Promise<{ answer: Promise<unknown> }> => {
    const before = await heldKeys();
    const answer = ask(client, key).catch((error: unknown) => error);
    await until(async () => (await heldKeys()) !== before);
    return { answer };
  };

  it('compute 50 requests at once with one key once between them', () => expectOneExecution('fifty'));

  it('leave the key to the next caller when its owner is frozen, and keep to what that one is answered', async () => {
    const owners = await askAndClaim(clients[0]!, 'frozen');
    expect(await ask(clients[1]!, 'frozen')).toMatchObject({ status: 409 });
    stack.apis[0]!.freeze();
    const taken = await lastTo(clients[1]!, 'frozen').finally(() => stack.apis[0]!.resume());
    expect(taken).toMatchObject({ idempotency_hit: false, worker_id: 'b' });
    expect(await owners.answer).toMatchObject({ status: 200, json: { idempotency_hit: false, worker_id: 'a' } });
    for (const client of clients) {
      expect((await ask(client, 'frozen')).json).toMatchObject({ idempotency_hit: true, worker_id: 'b' });
    }
  });

  it('leave the key to the next caller when its owner is killed half way', async () => {
    const owners = await askAndClaim(clients[0]!, 'killed');
    expect(await ask(clients[1]!, 'killed')).toMatchObject({ status: 409 });
    await stack.apis[0]!.kill();
    expect(await owners.answer).toHaveProperty('code', 'ECONNRESET');
    expect(await lastTo(clients[1]!, 'killed')).toMatchObject({ idempotency_hit: false, worker_id: 'b' });
    expect((await ask(clients[1]!, 'killed')).json).toMatchObject({ idempotency_hit: true, worker_id: 'b' });
    const answered = (await rowsOf('killed')).filter(({ success }) => success);
    expect(answered.map((row) => `${row.worker_id} ${row.idempotency_hit}`).toSorted()).toEqual(['b false', 'b true']);
  });
});

/** Asks again for as long as the key is held, as `Retry-After` says, only more often. */
async function lastTo(client: Client, key: string): Promise<Answer['json']> {
  const final = async () => {
    const answer = await ask(client, key);
    return answer.status !== 409 && answer;
  };
  const { status, json } = await until(final, { pollMs: 100 });
  expect(status).toBe(200);
  return json;
}
