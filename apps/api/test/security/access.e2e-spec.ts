import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { eventually } from '../../../../scripts/test-support/until.js';
import type { Answer } from '../support/answer.js';
import type { OpenApiDocument } from '../support/api-contract.js';
import { answerOf } from '../support/client.js';
import { startWithClient, stop, type Running } from '../support/running.js';
import { TestKeys } from '../support/test-keys.js';

jest.setTimeout(60_000);

/** What nobody needs a key for; whatever else the document has needs one. */
const OPEN = /^\/($|healthz$|readyz$|_ops\/|_health\/|openapi\.json$|docs($|\/))/;
const ROLE_OF = (path: string): string =>
  path.startsWith('/infer') ? 'infer' : path.startsWith('/metrics') ? 'metrics' : 'admin';

const keys = new TestKeys();
const CALLERS = {
  'no key': undefined,
  'a wrong key': 'falcon_0123456789ab_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  'another form of key': 'hunter2',
  'an expired key of each role': {
    infer: keys.add({ role: 'infer', expires_at: '2026-01-02T00:00:00Z' }),
    metrics: keys.add({ role: 'metrics', expires_at: '2026-01-02T00:00:00Z' }),
    admin: keys.add({ role: 'admin', expires_at: '2026-01-02T00:00:00Z' }),
  },
  infer: keys.add({ role: 'infer' }),
  metrics: keys.add({ role: 'metrics' }),
  admin: keys.add({ role: 'admin' }),
};

describe('every route', () => {
  let running: Running;
  let routes: [method: string, path: string][];

  beforeAll(async () => {
    running = await startWithClient({
      AUTH_MODE: 'api-key',
      API_KEYS_FILE: keys.file,
      METRICS_AUTH: 'true',
      ENVIRONMENT: 'production',
    });
    const { paths } = (await running.client.get('/openapi.json')).json as unknown as OpenApiDocument;
    routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method): [string, string] => [
        method.toUpperCase(),
        path.replaceAll('{file}', 'swagger-ui.css').replaceAll(/\{\w+\}/g, 'nonesuch'),
      ]),
    );
    routes.push(['HEAD', '/metrics'], ['HEAD', '/admin/queues'], ['GET', '/metrics?x=/healthz']);
  });
  afterAll(() => stop(running));

  /** Without a body: who may not ask is refused before it matters, and who may is told so by another status. */
  async function ask(method: string, path: string, headers: Record<string, string>): Promise<Answer> {
    return method === 'HEAD' ? head(path, headers) : running.client.send(method, path, { headers });
  }

  async function head(path: string, headers: Record<string, string>): Promise<Answer> {
    const socket = connect(running.falcon.port, '127.0.0.1');
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`HEAD ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines.join('')}\r\n`);
    return answerOf(socket);
  }

  it('is there, guarded or open', () => {
    const guarded = routes.filter(([, path]) => !OPEN.test(path));
    expect(guarded.length).toBeGreaterThan(14);
    expect(routes.length - guarded.length).toBeGreaterThan(6);
  });

  it.each(['Authorization', 'X-API-Key'])('is for whom it is for, by %s', async (header) => {
    const seen = [];
    const expected = [];
    for (const [method, path] of routes) {
      const role = OPEN.test(path) ? undefined : ROLE_OF(path);
      for (const [caller, key] of Object.entries(CALLERS)) {
        const given = typeof key === 'object' ? key[role as keyof typeof key] : key;
        const value = header === 'Authorization' ? `Bearer ${given}` : String(given);
        const { status } = await ask(method, path, given === undefined ? {} : { [header]: value });
        const verdict = status === 401 || status === 403 ? status : 'let in';
        seen.push(`${caller}: ${method} ${path} ${verdict}`);
        expected.push(`${caller}: ${method} ${path} ${verdictOn(caller, role)}`);
      }
    }
    expect(seen).toEqual(expected);
  });

  function verdictOn(caller: string, role: string | undefined): 401 | 403 | 'let in' {
    if (role === undefined) return 'let in';
    if (!['infer', 'metrics', 'admin'].includes(caller)) return 401;
    return caller === role || (caller === 'admin' && role === 'metrics') ? 'let in' : 403;
  }

  it('says what is missing, and how to send it', async () => {
    const { status, json, headers } = await running.client.infer({ text: 'a' });
    expect([status, json['code']]).toEqual([401, 'UNAUTHENTICATED']);
    expect(json['detail']).toContain('Authorization: Bearer KEY');
    expect(headers['www-authenticate']).toBe('Bearer realm="falcon"');
    const expired = await running.client.infer(
      { text: 'a' },
      { 'X-API-Key': CALLERS['an expired key of each role'].infer },
    );
    expect(expired.json['detail']).toBe('The key has expired.');
    const wrong = await running.client.infer({ text: 'a' }, { 'X-API-Key': CALLERS.metrics });
    expect(wrong.json).toMatchObject({
      code: 'FORBIDDEN',
      detail: 'The key has the role "metrics"; this route needs "infer".',
    });
  });

  it('answers whom it is for', async () => {
    const { json } = await running.client.infer({ text: 'a good day' }, { Authorization: `Bearer ${CALLERS.infer}` });
    expect(json['prediction']).toBe('positive');
    expect((await running.client.get('/admin/models', { 'X-API-Key': CALLERS.admin })).status).toBe(200);
  });

  it('lets a browser in by its password, and no page of another site', async () => {
    const password = { Authorization: `Basic ${Buffer.from(`me:${CALLERS.admin}`).toString('base64')}` };
    const asked = await running.client.get('/admin/breakers');
    expect(asked.headers['www-authenticate']).toContain('Basic');
    expect((await running.client.get('/admin/breakers', password)).status).toBe(200);
    const post = (site: string) =>
      running.client.send('POST', '/admin/breakers/model:sentiment/reset', {
        headers: { ...password, 'Sec-Fetch-Site': site },
      });
    expect([(await post('same-origin')).status, (await post('cross-site')).status]).toEqual([200, 403]);
    expect((await running.client.infer({ text: 'a' }, password)).status).toBe(401);
  });

  it('counts whom it refused', async () => {
    const { text } = await running.client.get('/metrics', { 'X-API-Key': CALLERS.metrics });
    const counted = [...text.matchAll(/^auth_failures_total\{reason="(\w+)".*\} (\d+)$/gm)];
    const counts = Object.fromEntries(counted.map(([, reason = '', count]) => [reason, Number(count)]));
    expect(counts).toEqual({
      missing: expect.any(Number) as number,
      unknown: expect.any(Number) as number,
      expired: expect.any(Number) as number,
      wrong_role: expect.any(Number) as number,
      wrong_tenant: 0,
      cross_site: 1,
      closed: 0,
    });
    for (const reason of ['missing', 'unknown', 'expired', 'wrong_role']) expect(counts[reason]).toBeGreaterThan(10);
  });

  it('never puts a key into the log', async () => {
    await running.client.infer({ text: 'a' }, { 'X-API-Key': `${CALLERS.infer}x` });
    const logged = () => running.falcon.stdout + running.falcon.stderr;
    await eventually(() =>
      expect(logged()).toMatch(
        /The breaker \\"model:sentiment\\" was closed and cleared by [0-9a-f]{12} from 127\.0\.0\.1/,
      ),
    );
    expect(logged()).not.toMatch(/falcon_[0-9a-f]{12}_/);
  });
});

describe('a file of keys', () => {
  it('is read again: new keys are let in, revoked ones are not, and a broken file changes nothing', async () => {
    const changing = new TestKeys();
    const first = changing.add({ role: 'infer' });
    const running = await startWithClient({ AUTH_MODE: 'api-key', API_KEYS_FILE: changing.file });
    const statusOf = async (key: string) => (await running.client.infer({ text: 'a' }, { 'X-API-Key': key })).status;
    expect(await statusOf(first)).toBe(200);
    const second = changing.add({ role: 'infer' });
    changing.revoke(first);
    await running.falcon.waitForLog('The file of keys has changed and was taken over');
    await eventually(async () => expect([await statusOf(first), await statusOf(second)]).toEqual([401, 200]));
    writeFileSync(changing.file, '{');
    await running.falcon.waitForLog('The file of keys has changed and cannot be used: the keys from before go on');
    expect(await statusOf(second)).toBe(200);
    const metrics = async () => (await running.client.get('/metrics')).text;
    const broken = await metrics();
    expect(broken).toMatch(/^api_key_reloads_total\{status="error".*\} 1$/m);
    expect(broken).toMatch(/^api_key_last_reload_successful\{.*\} 0$/m);
    changing.add({ role: 'infer' });
    await eventually(async () => expect(await metrics()).toMatch(/^api_key_last_reload_successful\{.*\} 1$/m));
    await stop(running);
  });
});
