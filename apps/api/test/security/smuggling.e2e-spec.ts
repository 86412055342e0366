import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { answerOf } from '../support/client.js';
import { startWithClient, stop, type Running } from '../support/running.js';

jest.setTimeout(60_000);

const BODY = '{"text":"a good day"}';
const POST = 'POST /infer HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
/** What an attacker would like to be taken for the next request of somebody else. */
const HIDDEN = 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n';
const LENGTH = `Content-Length: ${BODY.length}\r\n`;
const CHUNK = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;

const REFUSED: [what: string, bytes: string][] = [
  ['length and chunks', `${POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ['chunks and length', `${POST}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${HIDDEN}`],
  ['the same length twice', `${POST}${LENGTH}${LENGTH}\r\n${BODY}${HIDDEN}`],
  ['two lengths', `${POST}Content-Length: 0\r\n${LENGTH}\r\n${BODY}${HIDDEN}`],
  ['a list of lengths', `${POST}Content-Length: ${BODY.length}, 0\r\n\r\n${BODY}${HIDDEN}`],
  ['a signed length', `${POST}Content-Length: +${BODY.length}\r\n\r\n${BODY}${HIDDEN}`],
  ['a negative length', `${POST}Content-Length: -1\r\n\r\n${BODY}${HIDDEN}`],
  ['a hexadecimal length', `${POST}Content-Length: 0x15\r\n\r\n${BODY}${HIDDEN}`],
  ['a length beyond counting', `${POST}Content-Length: 99999999999999999999\r\n\r\n${BODY}${HIDDEN}`],
  ['a space before the colon', `${POST}Content-Length : ${BODY.length}\r\n\r\n${BODY}${HIDDEN}`],
  ['a folded line', `${POST}X-A: b\r\n c\r\n${LENGTH}\r\n${BODY}${HIDDEN}`],
  ['folded chunks', `${POST}Transfer-Encoding:\r\n chunked\r\n\r\n${CHUNK}${HIDDEN}`],
  ['chunks that are not last', `${POST}Transfer-Encoding: chunked, identity\r\n\r\n${CHUNK}${HIDDEN}`],
  ['two codings', `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n${CHUNK}${HIDDEN}`],
  ['an unknown coding', `${POST}Transfer-Encoding: xchunked\r\n\r\n${CHUNK}${HIDDEN}`],
  ['a control character in the coding', `${POST}Transfer-Encoding: \vchunked\r\n\r\n${CHUNK}${HIDDEN}`],
  ['a chunk size in no digits', `${POST}Transfer-Encoding: chunked\r\n\r\nzz\r\n${BODY}\r\n0\r\n\r\n${HIDDEN}`],
  ['a chunk size with a sign', `${POST}Transfer-Encoding: chunked\r\n\r\n-1\r\n${BODY}\r\n0\r\n\r\n${HIDDEN}`],
  ['a chunk size with a prefix', `${POST}Transfer-Encoding: chunked\r\n\r\n0x15\r\n${BODY}\r\n0\r\n\r\n${HIDDEN}`],
  [
    'a chunk size beyond counting',
    `${POST}Transfer-Encoding: chunked\r\n\r\n${'f'.repeat(17)}\r\n${BODY}\r\n0\r\n\r\n`,
  ],
  ['a chunk longer than it says', `${POST}Transfer-Encoding: chunked\r\n\r\n3\r\n${BODY}\r\n0\r\n\r\n${HIDDEN}`],
  ['chunks with bare line feeds', `${POST}Transfer-Encoding: chunked\r\n\r\n${CHUNK.replaceAll('\r', '')}${HIDDEN}`],
  [
    'a chunk extension of 20 kB',
    `${POST}Transfer-Encoding: chunked\r\n\r\n15;${'x'.repeat(20_000)}\r\n${BODY}\r\n0\r\n\r\n`,
  ],
  ['headers with bare line feeds', `${POST}${LENGTH}\r\n${BODY}`.replaceAll('\r', '')],
  ['a bare carriage return', `${POST}X-A: b\rTransfer-Encoding: chunked\r\n${LENGTH}\r\n${BODY}${HIDDEN}`],
  ['a NUL in a header', `${POST}X-A: b\0c\r\n${LENGTH}\r\n${BODY}${HIDDEN}`],
  ['HTTP/2 without asking', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${HIDDEN}`],
  ['an unknown version', 'GET /healthz HTTP/1.2\r\nHost: a\r\n\r\n'],
  ['no host', `GET /healthz HTTP/1.1\r\n\r\n${HIDDEN}`],
  ['two hosts', `GET /healthz HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n${HIDDEN}`],
  ['the same host twice', `${POST}Host: a\r\n${LENGTH}\r\n${BODY}${HIDDEN}`],
];

describe('where a request ends', () => {
  let running: Running;
  beforeAll(async () => (running = await startWithClient({ BODY_TIMEOUT_SECONDS: '2' })));
  afterAll(() => stop(running));

  /** Statuses of all answers until the server closes. */
  async function statusesOf(bytes: string): Promise<number[]> {
    const socket = await running.client.socket();
    socket.write(bytes, 'latin1');
    const answers = await text(socket);
    return [...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
  }

  it.each(REFUSED)('is not guessed: %s', async (_what, bytes) => {
    expect(await statusesOf(bytes)).toEqual([400]);
  });

  it('is told as any other error when there is no host, and is counted', async () => {
    const socket = await running.client.socket();
    socket.write('GET /healthz HTTP/1.1\r\nX-Request-ID: no-host\r\n\r\n');
    const { json, headers } = await answerOf(socket);
    expect(json).toMatchObject({ code: 'BAD_REQUEST', request_id: 'no-host' });
    expect(headers).toMatchObject({ 'x-request-id': 'no-host', 'x-content-type-options': 'nosniff' });
    const { text: metrics } = await running.client.get('/metrics');
    expect(metrics).toMatch(
      /^http_requests_total\{[^}]*method="GET",path="unmatched\|public",status="400"[^}]*\} [1-9]/m,
    );
  });

  it('does not depend on what is expected besides', async () => {
    expect(await statusesOf(`${POST}Expect: nonsense\r\nConnection: close\r\n${LENGTH}\r\n${BODY}`)).toEqual([200]);
  });

  it('is where its length says, whatever the body looks like', async () => {
    const hiding = `GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`;
    expect(await statusesOf(hiding)).toEqual([200]);
    expect(await statusesOf(`${POST}${LENGTH}Connection: close\r\n\r\n${BODY}`)).toEqual([200]);
  });

  it('is where its last chunk says', async () => {
    expect(await statusesOf(`${POST}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n${CHUNK}`)).toEqual([200]);
  });

  it('is the same for requests that come in one packet', async () => {
    const last = 'GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    expect(await statusesOf(`${HIDDEN}${POST}${LENGTH}\r\n${BODY}${last}`)).toEqual([200, 200, 200]);
  });

  it('is where it was, whatever comes behind it: it has its own answer, which ends the connection', async () => {
    expect(await statusesOf(`${POST}${LENGTH}\r\n${BODY}nonsense\r\n\r\n`)).toEqual([200]);
    expect(await statusesOf(`${POST}${LENGTH}Connection: close\r\n\r\n${BODY}${HIDDEN}`)).toEqual([200]);
  });

  it('is not a tunnel', async () => {
    const socket = await running.client.socket();
    socket.resume().write('CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n');
    await once(socket, 'close');
    expect(socket.bytesRead).toBe(0);
    const upgrade = `GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close, Upgrade\r\nUpgrade: h2c\r\n\r\n`;
    expect(await statusesOf(upgrade)).toEqual([200]);
  });

  it('never made the server fail', () => {
    expect(running.falcon.logs().filter(({ level }) => level === 'ERROR' || level === 'CRITICAL')).toEqual([]);
  });
});
