import type { Socket } from 'node:net';
import { text as readAll } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, until } from '../../../../scripts/test-support/until.js';
import { answerOf } from '../support/client.js';
import { waitForSeries } from '../support/metrics.js';
import { startWithClient, stop, type Running } from '../support/running.js';

const SOCKETS = 1000;
const PATIENCE_MS = 30_000;

jest.setTimeout(60_000);

describe('slow clients', () => {
  let running: Running;
  beforeAll(async () => {
    running = await startWithClient({
      BODY_TIMEOUT_SECONDS: '2',
      REQUEST_TIMEOUT_SECONDS: '5',
      LOAD_SHEDDING: 'static', // far fewer places than slow clients
      MAX_INFLIGHT: '8',
    });
  });
  afterAll(() => stop(running));

  async function open(count: number): Promise<Socket[]> {
    const sockets = await Promise.all(Array.from({ length: count }, () => running.client.socket()));
    sockets.forEach((socket) => socket.on('error', () => undefined));
    return sockets;
  }

  /** Whether the server has closed them all in time. */
  async function allClosed(sockets: readonly Socket[]): Promise<boolean> {
    const closed = Promise.all(
      sockets.map(async (socket) => {
        if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
      }),
    );
    const inTime = await Promise.race([closed.then(() => true), sleep(PATIENCE_MS, false, { ref: false })]);
    sockets.forEach((socket) => socket.destroy());
    return inTime;
  }

  /** Requests for files of the documentation that the server has not answered to their end. */
  async function inProgress(): Promise<number> {
    const { text } = await running.client.get('/metrics');
    return Number(/^http_requests_in_progress\{[^}]*path="\/docs\/:file\|public"[^}]*\} (\d+)$/m.exec(text)?.[1]);
  }

  async function answersMeanwhile(): Promise<number[]> {
    const answers = [];
    for (let k = 0; k < 20; k++) answers.push((await running.client.infer({ text: `meanwhile ${k}` })).status);
    return answers;
  }

  it.each([
    ['headers, a line at a time', 'GET /healthz HTTP/1.1\r\nHost: a\r\n', 'X-A: b\r\n'],
    [
      'a body, a byte at a time',
      'POST /infer HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n',
      ' ',
    ],
    ['nothing', '', ''],
  ])('1,000 of them that send %s hold up nobody, and are let go', async (_what, beginning, more) => {
    const sockets = await open(SOCKETS);
    sockets.forEach((socket) => socket.resume().write(beginning));
    const trickle = setInterval(() => {
      for (const socket of sockets) if (more !== '' && socket.writable) socket.write(more);
    }, 200);
    try {
      expect(new Set(await answersMeanwhile())).toEqual(new Set([200]));
      expect(await allClosed(sockets)).toBe(true);
    } finally {
      clearInterval(trickle);
    }
  });

  it('that do not read what they asked for are let go, too', async () => {
    const [socket] = (await open(1)) as [Socket];
    socket.pause().write('GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(50));
    socket.once('end', () => socket.destroy());
    await until(async () => (await inProgress()) > 0);
    await eventually(async () => expect(await inProgress()).toBe(0), { pollMs: 200 });
    socket.destroy();
  });

  it('leave the server as it was', async () => {
    expect(new Set(await answersMeanwhile())).toEqual(new Set([200]));
    expect(running.falcon.logs().filter(({ level }) => level === 'ERROR' || level === 'CRITICAL')).toEqual([]);
  });
});

describe('clients that send nearly all of a large body', () => {
  /** Of so many, not all fit into 64 MiB. */
  const CLIENTS = 100;
  const GIVE_WAY = 33;
  const head = 'POST /infer HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';

  it.each([
    ['with their lengths', `${head}Content-Length: 1048576\r\n\r\n`],
    ['in chunks', `${head}Transfer-Encoding: chunked\r\n\r\n100000\r\n`],
  ])('%s give way, the first of them first, when they take too much memory', async (_how, beginning) => {
    const running = await startWithClient({ BODY_TIMEOUT_SECONDS: '600' });
    const sockets = await Promise.all(Array.from({ length: CLIENTS }, () => running.client.socket()));
    sockets.forEach((socket) => socket.on('error', () => undefined).resume()); // a reset is an end, too
    sockets.forEach((socket) => socket.write(beginning + ' '.repeat(1_040_000)));
    const closed = () => sockets.filter((socket) => socket.closed).length;
    await until(() => closed() >= GIVE_WAY, { complaint: () => `${closed()} of ${CLIENTS} gave way` });
    const large = `{"text":"a good day"}${' '.repeat(1_000_000)}`;
    expect((await running.client.infer(large)).status).toBe(200);
    expect(closed()).toBeLessThan(CLIENTS / 2);
    const { text } = await running.client.get('/metrics');
    expect(text).toMatch(/^http_requests_total\{[^}]*path="\/infer\|public",status="503"[^}]*\} [1-9]/m);
    sockets.forEach((socket) => socket.destroy());
    await stop(running);
  });

  it('do so, too, when the first of them have sent next to nothing', async () => {
    const running = await startWithClient({ BODY_TIMEOUT_SECONDS: '600' });
    const connect = () => running.client.socket();
    const small = await Promise.all(Array.from({ length: 300 }, connect));
    const large = await Promise.all(Array.from({ length: 70 }, connect));
    const all = [...small, ...large];
    all.forEach((socket) => socket.on('error', () => undefined).resume());
    const beginning = `${head}Transfer-Encoding: chunked\r\n\r\n100000\r\n`;
    small.forEach((socket) => socket.write(`${beginning} `));
    const underWay = 'http_requests_in_progress{method="POST",path="/infer|public"}';
    await waitForSeries(running.client, underWay, (requests) => requests === small.length);
    large.forEach((socket) => socket.write(beginning + ' '.repeat(1_040_000)));
    const closed = () => large.filter((socket) => socket.closed).length;
    await until(() => closed() >= 5, { complaint: () => `${closed()} of ${large.length} large ones gave way` });
    all.forEach((socket) => socket.destroy());
    await stop(running);
  });
});

describe('a body of 80 MiB that nobody reads', () => {
  const flood = `${`100000\r\n${' '.repeat(0x100000)}\r\n`.repeat(80)}0\r\n\r\n`;
  const goodbye = 'GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
  const body = `{"text":"a good day"}${' '.repeat(100_000)}`;
  const head = [
    'POST /infer HTTP/1.1',
    'Host: a',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    'Connection: close',
  ].join('\r\n');
  const underWay = 'http_requests_in_progress{method="POST",path="/infer|public"}';
  let running: Running;
  beforeAll(async () => {
    running = await startWithClient({ BODY_TIMEOUT_SECONDS: '600' });
  });
  afterAll(() => stop(running));

  it.each([
    ['as that of a GET', 'GET /docs HTTP/1.1', 200],
    ['as that of a HEAD', 'HEAD /healthz HTTP/1.1', 200],
    ['as one of another type', 'POST /infer HTTP/1.1\r\nContent-Type: text/plain', 415],
    ['as one of no type', 'POST /infer HTTP/1.1', 415],
  ])('%s costs nobody the place of a body that is read', async (_why, beginning, status) => {
    const slow = await running.client.socket();
    slow.write(`${head}\r\n\r\n${body.slice(0, 50_000)}`);
    await waitForSeries(running.client, underWay, (requests) => requests === 1);
    const caller = await running.client.socket();
    caller.write(`${beginning}\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${flood}${goodbye}`);
    const [, first, second] = (await readAll(caller)).split('HTTP/1.1 ');
    expect([Number(first?.slice(0, 3)), Number(second?.slice(0, 3))]).toEqual([status, 200]);
    slow.write(body.slice(50_000));
    expect((await answerOf(slow)).status).toBe(200);
  });
});
