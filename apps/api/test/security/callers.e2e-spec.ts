import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../../../scripts/test-support/free-port.js';
import { temporaryFolder } from '../../../../scripts/test-support/temporary-folder.js';
import { Falcon } from '../support/falcon.js';
import { startWithClient, stop, type Running } from '../support/running.js';
import { TestKeys } from '../support/test-keys.js';

const keys = new TestKeys();

jest.setTimeout(60_000);

describe('a tenant', () => {
  const [acme, acmeToo, other] = [
    keys.add({ role: 'infer', tenant: 'acme' }),
    keys.add({ role: 'infer', tenant: 'acme' }),
    keys.add({ role: 'infer', tenant: 'other' }),
  ];
  const limited = keys.add({ role: 'infer', tenant: 'acme', rate_limit: { per_minute: 1, burst: 2 } });
  let running: Running;
  const ask = (key: string, headers: Record<string, string> = {}) =>
    running.client.infer({ text: 'a good day' }, { 'X-API-Key': key, ...headers });

  beforeAll(async () => {
    running = await startWithClient({
      AUTH_MODE: 'api-key',
      API_KEYS_FILE: keys.file,
      RATE_LIMIT_ENABLED: 'true',
      RATE_LIMIT_PER_MINUTE: '1',
      RATE_LIMIT_BURST: '12',
    });
  });
  afterAll(() => stop(running));

  it('is that of the key: to name another one is refused, to name it is not', async () => {
    const spoofed = await ask(acme, { 'X-Tenant-ID': 'other' });
    expect([spoofed.status, spoofed.json['code']]).toEqual([403, 'FORBIDDEN']);
    expect((await ask(acme, { 'X-Tenant-ID': 'ACME' })).status).toBe(403);
    expect((await ask(acme, { 'X-Tenant-ID': 'acme' })).status).toBe(200);
  });

  it('has idempotency keys of its own, whichever of its keys it uses', async () => {
    const once = { 'Idempotency-Key': 'order-1' };
    const hits = [];
    for (const key of [acme, acmeToo, other]) hits.push((await ask(key, once)).json['idempotency_hit']);
    expect(hits).toEqual([false, true, false]);
  });

  it('spends its own rate limit and nobody else’s; a key with a limit has that one instead', async () => {
    const statuses = [];
    for (let k = 0; k < 15; k++) statuses.push((await ask(acme)).status);
    expect(statuses).toContain(429);
    expect([(await ask(acmeToo)).status, (await ask(other)).status]).toEqual([429, 200]);
    const own = [await ask(limited), await ask(limited), await ask(limited)];
    expect(own.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(own[0]?.headers['ratelimit-policy']).toContain('q=1;w=60');
  });
});

describe('the address of a client', () => {
  /** What is on record of requests, as the spool has it: neither queue nor table can be reached. */
  async function recordedAddresses(trusted: string, forwarded: readonly string[]): Promise<unknown[]> {
    const dataDir = temporaryFolder();
    const nowhere = await freePort();
    const running = await startWithClient({
      TRUST_PROXY: trusted,
      DATA_DIR: dataDir,
      AUDIT_DURABILITY: 'process',
      REDIS_QUEUE_URL: `redis://127.0.0.1:${nowhere}`,
      POSTGRES_URL: `postgres://127.0.0.1:${nowhere}/none`,
      GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS: '2',
    });
    for (const header of forwarded) {
      expect((await running.client.infer({ text: 'a' }, { 'X-Forwarded-For': header })).status).toBe(200);
    }
    const files = readdirSync(join(dataDir, 'spool'), { recursive: true, encoding: 'utf8' });
    const segments = files.filter((name) => name.endsWith('.log')).map((name) => join(dataDir, 'spool', name));
    const lines = segments.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/"client_ip":"([^"]*)"/g)]);
    await stop(running);
    return lines.map(([, address]) => address);
  }

  it('is that of the connection, whatever X-Forwarded-For says', async () => {
    expect(await recordedAddresses('', ['203.0.113.9', '::1', 'x'])).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.1']);
  });

  it('is what trusted proxies wrote, up to the first one that is not trusted', async () => {
    const forwarded = [
      '203.0.113.9',
      '1.2.3.4, 203.0.113.9', // the client wrote the first itself
      '203.0.113.9, 10.1.2.3',
      '2001:db8::1',
      'unknown',
      "'; drop table inference_logs; --",
    ];
    expect(await recordedAddresses('127.0.0.1,10.0.0.0/8', forwarded)).toEqual([
      '203.0.113.9',
      '203.0.113.9',
      '203.0.113.9',
      '2001:db8::1',
      '127.0.0.1',
      '127.0.0.1',
    ]);
  });

  it('does not open operators’ routes', async () => {
    const running = await startWithClient({ TRUST_PROXY: '127.0.0.1' });
    const { status } = await running.client.get('/admin/models', { 'X-Forwarded-For': '127.0.0.1' });
    expect(status).toBe(403);
    await stop(running);
  });
});

describe('the start', () => {
  it('warns of a server that everybody may use, in the log and at the terminal', async () => {
    const open = await Falcon.start({ HOST: '0.0.0.0' });
    expect(open.stderr).toContain('!! WARNING: Falcon listens on 0.0.0.0 and AUTH_MODE is off.');
    const warnings = open.logs().filter(({ level }) => level === 'WARNING');
    expect(warnings).toContainEqual(expect.objectContaining({ host: '0.0.0.0' }));
    await open.stop();
  });

  it('does not warn of one that asks for keys, nor of one that only this machine reaches', async () => {
    const [keyed, local] = await Promise.all([
      Falcon.start({ HOST: '0.0.0.0', AUTH_MODE: 'api-key', API_KEYS_FILE: keys.file }),
      Falcon.start(),
    ]);
    expect(keyed.stderr + local.stderr).not.toContain('WARNING');
    await Promise.all([keyed.stop(), local.stop()]);
  });

  it.each([
    [
      'without a file of keys',
      { AUTH_MODE: 'api-key' },
      'AUTH_MODE="api-key" must be off unless API_KEYS_FILE is set.',
    ],
    ['with a file that is not there', { API_KEYS_FILE: '/nonesuch/keys.json' }, 'there is no such file'],
    ['with a file that is none', { API_KEYS_FILE: 'package.json' }, 'must be a file of keys that can be used'],
    ['with an admin key that could be guessed', { ADMIN_API_KEY: 'hunter2' }, 'ADMIN_API_KEY="***" must be 16 to 256'],
  ])('fails %s', async (_what, env, sentence) => {
    const falcon = Falcon.launch(env);
    expect(await falcon.exitCode()).toBe(78);
    expect(falcon.stderr).toContain(sentence);
    expect(falcon.stderr).not.toContain('hunter2');
  });
});
