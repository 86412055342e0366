import { gzipSync } from 'node:zlib';
import { startWithClient, stop, type Running } from '../support/running.js';
import { answerOf } from '../support/client.js';
import { TestKeys } from '../support/test-keys.js';

jest.setTimeout(60_000);

const PAGE = 'https://app.example.com';

describe('an answer', () => {
  let running: Running;
  beforeAll(async () => (running = await startWithClient({ CORS_ORIGINS: PAGE })));
  afterAll(() => stop(running));

  it.each(['/', '/healthz', '/metrics', '/openapi.json', '/docs', '/nowhere', '/infer', '/%zz'])(
    'of %s is neither guessed nor kept, and does not say what serves it',
    async (path) => {
      const { headers } = await running.client.get(path);
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
      expect(headers['server'] ?? headers['x-powered-by'] ?? headers['via']).toBeUndefined();
    },
  );

  it('to what is not HTTP is the same', async () => {
    const socket = await running.client.socket();
    socket.write('hello\r\n\r\n');
    const { status, headers } = await answerOf(socket);
    expect(status).toBe(400);
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
  });

  it('that is a page runs nothing but what Falcon serves, and in no frame', async () => {
    const { headers, text } = await running.client.get('/docs');
    expect(headers['content-security-policy']).toMatch(/^default-src 'self';.*frame-ancestors 'none'$/);
    expect(headers['content-security-policy']).not.toMatch(/script-src|unsafe-eval/);
    expect(text).not.toMatch(/<script(?! src="\/docs\/)/);
    expect((await running.client.get('/docs/swagger-ui-bundle.js')).headers['cache-control']).toContain('max-age');
  });

  it('may be read by pages of the listed origins alone, and needs no cookie', async () => {
    const { headers } = await running.client.infer({ text: 'a' }, { Origin: PAGE });
    expect(headers['access-control-allow-origin']).toBe(PAGE);
    expect(headers['access-control-allow-credentials']).toBeUndefined();
    expect(headers['vary']).toBe('Origin');
    for (const Origin of ['https://evil.example', 'null', `${PAGE}.evil.example`, 'http://app.example.com']) {
      const refused = await running.client.infer({ text: 'a' }, { Origin });
      expect(refused.headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('to a browser’s own question is for them alone, too', async () => {
    const question = (origin: string) =>
      `OPTIONS /infer HTTP/1.1\r\nHost: a\r\nOrigin: ${origin}\r\nConnection: close\r\nAccess-Control-Request-Method: POST\r\n\r\n`;
    const ask = async (origin: string) => {
      const socket = await running.client.socket();
      socket.write(question(origin));
      return answerOf(socket);
    };
    const allowed = await ask(PAGE);
    expect(allowed.status).toBe(204);
    for (const header of ['X-API-Key', 'Traceparent']) {
      expect(allowed.headers['access-control-allow-headers']).toContain(header);
    }
    expect(allowed.headers['access-control-expose-headers']).toContain('Traceparent');
    const refused = await ask('https://evil.example');
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([405, undefined]);
  });

  it('lets no page of another origin in unless told to', async () => {
    const closed = await startWithClient();
    const { headers } = await closed.client.infer({ text: 'a' }, { Origin: PAGE });
    expect(headers['access-control-allow-origin'] ?? headers['vary']).toBeUndefined();
    expect((await closed.client.send('OPTIONS', '/infer', { headers: { Origin: PAGE } })).status).toBe(405);
    await stop(closed);
  });
});

describe('a bomb', () => {
  const keys = new TestKeys();
  const key = keys.add({ role: 'infer' });
  let running: Running;
  beforeAll(async () => {
    running = await startWithClient({
      ENVIRONMENT: 'production',
      AUTH_MODE: 'api-key',
      API_KEYS_FILE: keys.file,
    });
  });
  afterAll(() => stop(running));
  const mine = { 'X-API-Key': key };

  it('of a body is refused unread when nobody sent it', async () => {
    const socket = await running.client.socket();
    socket.write(
      `POST /infer HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${2 ** 40}\r\n\r\n`,
    );
    const answer = await new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(chunk.toString())));
    expect(answer).toContain('401 Unauthorized');
    socket.destroy();
  });

  it('of a body that is announced is refused before it comes', async () => {
    const socket = await running.client.socket();
    socket.write(
      `POST /infer HTTP/1.1\r\nHost: a\r\nX-API-Key: ${key}\r\nContent-Type: application/json\r\nContent-Length: ${2 ** 40}\r\n\r\n`,
    );
    expect((await answerOf(socket)).status).toBe(413);
  });

  it('of zeros in a small packet is not unpacked', async () => {
    const packed = gzipSync(Buffer.alloc(50_000_000, '0'));
    const { status } = await running.client.send('POST', '/infer', {
      body: packed,
      headers: { ...mine, 'content-type': 'application/json', 'content-encoding': 'gzip' },
    });
    expect(status).toBe(400);
  });

  it.each([
    ['members', `{"text":"a",${Array.from({ length: 80_000 }, (_, k) => `"m${k}":1`).join(',')}}`],
    ['the same member', `{${'"text":"a",'.repeat(90_000)}"text":1}`],
    ['escapes', `{"text":"${String.raw`\u0041`.repeat(170_000)}"}`],
    ['digits', `{"text":${'9'.repeat(1_000_000)}}`],
    ['texts', JSON.stringify({ texts: Array(100_000).fill('a') })],
  ])('of %s is 422', async (_what, body) => {
    const path = body.startsWith('{"texts"') ? '/infer/batch' : '/infer';
    expect((await running.client.post(path, body, mine)).status).toBe(422);
  });

  it('of headers is 431, of as many as fit is answered', async () => {
    const ask = async (count: number) => {
      const socket = await running.client.socket();
      const lines = Array.from({ length: count }, (_, k) => `h${k}: v\r\n`).join('');
      socket.write(`GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines}\r\n`);
      return (await answerOf(socket)).status;
    };
    expect([await ask(300), await ask(5000)]).toEqual([200, 431]);
  });

  it('of a key is no key', async () => {
    const statuses = [];
    for (const bomb of ['x'.repeat(12_000), `falcon_${'0'.repeat(12_000)}`]) {
      statuses.push((await running.client.infer({ text: 'a' }, { 'X-API-Key': bomb })).status);
    }
    expect(statuses).toEqual([401, 401]);
  });

  it.each([
    '../../../../etc/passwd',
    '..\\..\\windows',
    '%2e%2e%2fsentiment',
    'sentiment\u0000',
    'file:///etc/passwd',
    '__proto__',
  ])('of a model’s name, %j, is 404', async (model) => {
    const { status, json } = await running.client.infer({ text: 'a', model }, mine);
    expect([status, json['code']]).toEqual([404, 'MODEL_NOT_FOUND']);
  });

  it.each(['/infer?__proto__[role]=admin', '/infer?constructor.prototype.role=admin&__proto__=x'])(
    'of prototypes does nothing: %s',
    async (path) => {
      const body = '{"text":"a","__proto__":{"role":"admin"},"constructor":{"prototype":{"role":"admin"}}}';
      expect((await running.client.post(path, body, mine)).status).toBe(422);
      expect((await running.client.get('/admin/models', mine)).status).toBe(403);
    },
  );

  it('never made the server fail', () => {
    expect(running.falcon.logs().filter(({ level }) => level === 'ERROR' || level === 'CRITICAL')).toEqual([]);
  });
});
