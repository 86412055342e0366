import type { Answer } from './support/answer.js';
import { answerOf } from './support/client.js';
import { startWithClient, stop, type Running } from './support/running.js';

const MIB = 1_048_576;

describe('bad input', () => {
  let running: Running;
  const infer = (body: unknown, headers?: Record<string, string>): Promise<Answer> =>
    running.client.infer(body, headers);

  beforeAll(async () => {
    running = await startWithClient({ BODY_TIMEOUT_SECONDS: '1' });
  });
  afterAll(() => stop(running));

  afterEach(async () => {
    // Whatever came before: the next request is answered.
    expect((await infer({ text: 'a good day' })).status).toBe(200);
  });

  it.each([
    ['is not JSON', 'text=hello'],
    ['is cut off', '{"text": "hel'],
    ['is empty', ''],
    ['is blank', '   '],
    ['has something after its end', '{"text":"a"} {"text":"b"}'],
    ['is not UTF-8', Buffer.from([0x7b, 0x22, 0x74, 0x22, 0x3a, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
    ['is nested deeper than it closes', '['.repeat(MIB)],
  ])('a body that %s is 400', async (_what, body) => {
    const { status, json } = await infer(body);
    expect([status, json['code']]).toEqual([400, 'MALFORMED_JSON']);
  });

  it.each([
    ['deep arrays', '['.repeat(200_000) + ']'.repeat(200_000)],
    ['null', 'null'],
    ['a string', '"text"'],
    ['a number', '7'],
    ['an array', '[{"text":"a"}]'],
  ])('a body of %s is 422', async (_what, body) => {
    const { status, json } = await infer(body);
    expect([status, json['code']]).toEqual([422, 'INVALID_REQUEST']);
    expect(json['errors']).toEqual([{ path: '', message: 'must be a JSON object' }]);
  });

  it.each([
    ['missing', {}, 'must be a string'],
    ['a number', { text: 7 }, 'must be a string'],
    ['null', { text: null }, 'must be a string'],
    ['a list', { text: ['a'] }, 'must be a string'],
    ['empty', { text: '' }, 'must not be blank'],
    ['blank', { text: ' \t\n\u00a0\u2003' }, 'must not be blank'],
    ['10,001 characters', { text: 'x'.repeat(10_001) }, 'must be at most 10000 characters'],
    ['10,001 emoji', { text: '😀'.repeat(10_001) }, 'must be at most 10000 characters'],
  ])('a text that is %s is 422 and named', async (_what, body, message) => {
    const { status, json } = await infer(body);
    expect([status, json['code']]).toEqual([422, 'INVALID_REQUEST']);
    expect(json['errors']).toEqual([{ path: 'text', message }]);
    expect(json['detail']).toBe(`"text" ${message}.`);
  });

  it('a text nested deeply is 422 and named', async () => {
    const { status, json } = await infer(`{"text":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`);
    expect(status).toBe(422);
    expect(json['errors']).toEqual([{ path: 'text', message: 'must be a string' }]);
  });

  it.each([String.raw`"\ud83d"`, String.raw`"a \udc00 b"`, String.raw`"\udc00\ud83d"`])(
    'a lone surrogate in %s is 422',
    async (text) => {
      const { status, json } = await infer(`{"text":${text}}`);
      expect(status).toBe(422);
      expect(json['errors']).toMatchObject([{ path: 'text', message: expect.stringContaining('surrogate') as string }]);
    },
  );

  it.each([
    ['NUL', 'a\u0000b'],
    ['only NUL', '\u0000'],
    ['emoji', 'I 😍 this 👩‍👩‍👧‍👦'],
    ['right-to-left text', 'مرحبا بالعالم \u202e שלום'],
    ['10,000 characters', 'x'.repeat(10_000)],
    ['10,000 emoji', '😀'.repeat(10_000)],
    ['10,000 words', 'ab '.repeat(3_333)],
    ['unassigned code points', '\uffff\u{10ffff}'],
  ])('a text of %s is answered', async (_what, text) => {
    expect((await infer({ text })).status).toBe(200);
  });

  it.each(['txt', '__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])(
    'the unknown member %s is 422 and named',
    async (member) => {
      const { status, json } = await infer(`{"text":"a","${member}":{"text":"b"}}`);
      expect(status).toBe(422);
      expect(json['errors']).toEqual([{ path: member, message: 'is not a member of the request' }]);
      expect(({} as Record<string, unknown>)['text']).toBeUndefined();
    },
  );

  it('names several wrong members at once', async () => {
    const { json } = await infer({ text: 1, model: 2, extra: 3 });
    expect((json['errors'] as { path: string }[]).map(({ path }) => path).toSorted()).toEqual([
      'extra',
      'model',
      'text',
    ]);
  });

  it.each(['nonesuch', '../sentiment', '..', '.', 'sentiment/1', '/etc/passwd', '__proto__', 'constructor', 'a\u0000'])(
    'the model %j is 404',
    async (model) => {
      const { status, json } = await infer({ text: 'a', model });
      expect([status, json['code']]).toEqual([404, 'MODEL_NOT_FOUND']);
    },
  );

  it.each(['99', '01', '../1', 'latest', '__proto__'])('the version %j is 404', async (version) => {
    const { status, json } = await infer({ text: 'a', version });
    expect([status, json['code']]).toEqual([404, 'MODEL_VERSION_NOT_FOUND']);
  });

  it.each([
    ['model', { text: 'a', model: 1 }],
    ['model', { text: 'a', model: '' }],
    ['model', { text: 'a', model: 'm'.repeat(129) }],
    ['version', { text: 'a', version: 1 }],
  ])('a %s that is no name is 422 and named', async (member, body) => {
    const { status, json } = await infer(body);
    expect(status).toBe(422);
    expect(json['errors']).toMatchObject([{ path: member }]);
  });

  it('an unknown model in a batch is 404', async () => {
    const { status, json } = await running.client.post('/infer/batch', { texts: ['a', 'b'], model: 'nonesuch' });
    expect([status, json['code']]).toEqual([404, 'MODEL_NOT_FOUND']);
  });

  it('a body of 1 MiB is read, and one byte more is 413', async () => {
    const fill = (bytes: number): string => `{"text":"${'x'.repeat(bytes - 11)}"}`;
    expect((await infer(fill(MIB))).status).toBe(422); // too many characters, but read
    const { status, json } = await infer(fill(MIB + 1));
    expect([status, json['code']]).toEqual([413, 'BODY_TOO_LARGE']);
  });

  it('a chunked body is cut off at 1 MiB, too', async () => {
    const socket = await running.client.socket();
    socket.write(
      'POST /infer HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const chunk = 'x'.repeat(65_536);
    for (let sent = 0; sent <= MIB; sent += chunk.length) {
      socket.write(`10000\r\n${chunk}\r\n`);
    }
    socket.write('0\r\n\r\n');
    const answer = await answerOf(socket);
    expect([answer.status, answer.json['code']]).toEqual([413, 'BODY_TOO_LARGE']);
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/xml',
    'nonsense',
  ])('the media type %s is 415', async (type) => {
    const { status, json } = await infer('{"text":"a"}', { 'content-type': type });
    expect([status, json['code']]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  });

  it('a body without a media type is 415', async () => {
    const { status } = await running.client.send('POST', '/infer', { body: '{"text":"a"}' });
    expect(status).toBe(415);
  });

  it('a media type with a charset is taken', async () => {
    expect((await infer({ text: 'a' }, { 'content-type': 'application/json; charset=utf-8' })).status).toBe(200);
  });

  it('a request without a body is 400', async () => {
    const { status, json } = await running.client.send('POST', '/infer');
    expect([status, json['code']]).toEqual([400, 'MALFORMED_JSON']);
  });

  it.each([
    '/nowhere',
    '/infer/',
    '/Infer',
    '/infer/batch/x',
    '/docs/../package.json',
    '/docs/%2e%2e%2fpackage.json',
    '/docs/package.json',
  ])('the path %s is 404', async (path) => {
    const { status, json } = await running.client.get(path);
    expect([status, json['code']]).toEqual([404, 'ROUTE_NOT_FOUND']);
  });

  it.each([
    ['GET', '/infer', 'POST'],
    ['DELETE', '/infer/batch', 'POST'],
    ['POST', '/healthz', 'GET, HEAD'],
    ['OPTIONS', '/infer', 'POST'],
    ['GET', 'http://a/infer?b', 'POST'],
    ['GET', '/admin/breakers/cache/reset', 'POST'],
    ['POST', '/_health/checks/cache', 'GET, HEAD'],
  ])('%s %s is 405 and says what is allowed', async (method, path, allowed) => {
    const { status, json, headers } = await running.client.send(method, path);
    expect([status, json['code'], headers['allow']]).toEqual([405, 'METHOD_NOT_ALLOWED', allowed]);
    expect(json['instance']).toMatch(/^\/[^?]+$/);
  });

  it.each([
    ['POST', '/nowhere', 4, 404],
    ['POST', '/nowhere', 2 * MIB, 404],
    ['PUT', '/infer', 2 * MIB, 405],
  ])('%s %s with a body of %i bytes is refused before any of them has come', async (method, path, bytes, expected) => {
    const socket = await running.client.socket();
    const type = 'Content-Type: application/json';
    socket.write(
      `${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${type}\r\nContent-Length: ${bytes}\r\n\r\n`,
    );
    expect((await answerOf(socket)).status).toBe(expected);
    socket.destroy();
  });

  it.each(['/%zz', '/%c0%80'])('the URL %s is 400', async (path) => {
    const { status, json } = await running.client.get(path);
    expect([status, json['code']]).toEqual([400, 'BAD_REQUEST']);
  });

  it.each([
    ['not HTTP', 'hello\r\n\r\n', 400, 'BAD_REQUEST'],
    ['a header without a name', 'GET / HTTP/1.1\r\n: x\r\n\r\n', 400, 'BAD_REQUEST'],
    ['17 KiB of headers', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(17_408)}\r\n\r\n`, 431, 'HEADERS_TOO_LARGE'],
    [
      'two lengths',
      'POST /infer HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}',
      400,
      'BAD_REQUEST',
    ],
  ])('%s is answered with a problem', async (_what, bytes, status, code) => {
    const socket = await running.client.socket();
    socket.write(bytes);
    const answer = await answerOf(socket);
    expect([answer.status, answer.json['code']]).toEqual([status, code]);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.json['request_id']).toBe(answer.headers['x-request-id']);
  });

  it.each([
    ['that is not sent in time', 'Content-Length: 20\r\n\r\n{"te', 408, 'BODY_TIMEOUT'],
    ['in a broken chunk', 'Transfer-Encoding: chunked\r\n\r\nzz\r\n', 400, 'BAD_REQUEST'],
  ])('a body %s is told under the id of its request', async (_what, body, status, code) => {
    const id = `order-${status}`;
    const socket = await running.client.socket();
    socket.write(
      `POST /infer?priority=low HTTP/1.1\r\nHost: a\r\nX-Request-ID: ${id}\r\nContent-Type: application/json\r\n${body}`,
    );
    const { headers, ...answer } = await answerOf(socket);
    expect(answer).toMatchObject({ status, json: { code, instance: '/infer', request_id: id } });
    expect(headers['x-request-id']).toBe(id);
    expect(await running.falcon.waitForLineOf(id)).toMatchObject({ route: '/infer', status, code });
  });

  it('headers that are not sent in time are 408', async () => {
    const socket = await running.client.socket();
    socket.write('POST /infer HTTP/1.1\r\nHost:');
    const answer = await answerOf(socket);
    expect([answer.status, answer.json['code']]).toEqual([408, 'BODY_TIMEOUT']);
  });

  it('a body that is cut off by its sender harms nobody', async () => {
    const socket = await running.client.socket();
    socket.write('POST /infer HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"te');
    socket.destroy();
  });

  it('never made the server fail, nor let it quote what it was sent', () => {
    expect(running.falcon.logs().filter(({ level }) => level === 'ERROR' || level === 'CRITICAL')).toEqual([]);
    expect(running.falcon.stdout).not.toMatch(/hello|surrogate|good day/);
  });
});
