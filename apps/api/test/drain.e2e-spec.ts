import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, until } from '../../../scripts/test-support/until.js';
import { answerOf } from './support/client.js';
import { startWithClient, stop, type Running } from './support/running.js';

jest.setTimeout(60_000);

/** Long enough to be seen serving on, however busy the machine. */
const DELAY_SECONDS = '8';
/** More bytes than the kernel takes in for a client that does not read. */
const KEPT_BY_KERNEL = 20_000_000;
/** So long that a test would fail which waits for it. */
const ENDLESS = { DRAIN_DELAY_SECONDS: '600', GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS: '700' };

/** Names of the drain's steps, in the order in which they were done. */
function steps({ falcon }: Running): unknown[] {
  return falcon.logs().flatMap(({ message, step }) => (message === 'Drain step done' ? [step] : []));
}

async function signal({ falcon }: Running, name: NodeJS.Signals): Promise<void> {
  falcon.process.kill(name);
  await falcon.waitForLog('Draining: not ready any more');
}

describe('SIGTERM with a drain delay', () => {
  let running: Running;

  beforeAll(async () => {
    running = await startWithClient({ DRAIN_DELAY_SECONDS: DELAY_SECONDS });
  });
  afterAll(() => stop(running));

  it('fails readiness at once and serves on, each answer the last of its connection, then closes the door', async () => {
    const { client, falcon } = running;
    const idle = await client.socket();
    const ended = new Promise((resolve) => idle.once('close', resolve));
    expect((await client.infer({ text: 'a' })).headers['connection']).toBe('keep-alive');

    await signal(running, 'SIGTERM');
    const ready = await client.get('/readyz');
    expect([ready.status, ready.headers['connection'], ready.json['ready']]).toEqual([503, 'close', false]);
    expect((await client.get('/healthz')).status).toBe(200);
    expect((await client.get('/')).json['status']).toBe('shutting_down');
    for (let k = 0; k < 5; k++) {
      const answer = await client.infer({ text: `on a new connection ${k}` });
      expect([answer.status, answer.headers['connection']]).toEqual([200, 'close']);
    }
    expect(steps(running)).toEqual([]);

    await falcon.waitForLog('Drain step done');
    idle.on('error', () => undefined); // a reset is an end, too
    await ended;
    expect(await falcon.exitCode()).toBe(0);
    await expect(client.socket()).rejects.toThrow('ECONNREFUSED');
    expect(steps(running)).toEqual(['delay', 'requests', 'audit records', 'connections']);
    const [delay] = falcon.logs().filter(({ step }) => step === 'delay');
    expect(delay?.['duration_ms']).toBeGreaterThanOrEqual(Number(DELAY_SECONDS) * 1000 - 10);
    expect(delay?.['left_ms']).toBeLessThanOrEqual(30_000 - Number(delay?.['duration_ms']));
    expect(falcon.logs().at(-1)).toMatchObject({ level: 'INFO', message: 'Stopped' });
  });
});

describe('SIGINT', () => {
  it('skips the delay: whoever presses Ctrl-C waits', async () => {
    const running = await startWithClient(ENDLESS);
    running.falcon.process.kill('SIGINT');
    expect(await running.falcon.exitCode()).toBe(0);
    expect(steps(running)).toEqual(['requests', 'audit records', 'connections']);
  });
});

describe('a second signal', () => {
  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('%s ends the delay and the process at once', async (second, code) => {
    const running = await startWithClient(ENDLESS);
    await signal(running, 'SIGTERM');
    expect((await running.client.infer({ text: 'a' })).status).toBe(200);
    running.falcon.process.kill(second);
    expect(await running.falcon.exitCode()).toBe(code);
  });
});

describe('a request that is not sent to its end', () => {
  it.each([
    ['half of its headers', 'BODY_TIMEOUT_SECONDS', { BODY_TIMEOUT_SECONDS: '2' }, 'GET /healthz HTTP/1.1\r\nHo'],
    [
      'half of its body',
      'half of what is left of the shutdown timeout',
      { BODY_TIMEOUT_SECONDS: '600', GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS: '10' },
      'POST /infer HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 200\r\n\r\n{"te',
    ],
  ])('of which %s came is waited for within %s', async (_what, _limit, env, half) => {
    const running = await startWithClient(env);
    const slow = await running.client.socket();
    slow.write(half);
    await running.client.get('/healthz'); // whoever came before has been let in
    running.falcon.process.kill('SIGTERM');
    expect(await answerOf(slow)).toMatchObject({ status: 408, json: { code: 'BODY_TIMEOUT' } });
    expect(await running.falcon.exitCode()).toBe(0);
    expect(steps(running)).toEqual(['requests', 'audit records', 'connections']);
  });
});

describe('a client that reads slowly', () => {
  it('gets all of what was answered', async () => {
    const running = await startWithClient();
    const { text: document } = await running.client.get('/openapi.json');
    const answers = Math.ceil(KEPT_BY_KERNEL / document.length);
    const slow = (await running.client.socket()).pause();
    slow.write('GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(answers));
    await until(async () => {
      const { text } = await running.client.get('/metrics');
      return /^http_requests_in_progress\{[^}]*openapi[^}]*\} [1-9]/m.test(text);
    });
    running.falcon.process.kill('SIGTERM');
    const isRefused = () =>
      running.client.socket().then(
        () => false,
        () => true,
      );
    await until(isRefused);
    const got = await buffer(slow);
    const whole = got.toString().split(document).length - 1; // not toHaveLength(): it would print them all
    expect(whole).toBe(answers);
    expect(await running.falcon.exitCode()).toBe(0);
  });
});

describe('clients that wait at the port when it closes', () => {
  it('are let in and answered', async () => {
    // They have half a second, of which a busy machine may take the most: a server that lets in whom it can does so in one of a few.
    await eventually(
      async () => {
        const running = await startWithClient();
        const { process: server } = running.falcon;
        server.kill('SIGSTOP'); // the kernel takes connections in all the same
        const asking = Array.from({ length: 40 }, () => askOnNewConnection(running.client.port));
        await sleep(500);
        server.kill('SIGTERM');
        server.kill('SIGCONT');
        const refused = await Promise.all(asking);
        expect(await running.falcon.exitCode()).toBe(0);
        expect(refused).toEqual(Array(40).fill(undefined));
      },
      { timeoutMs: 5000 },
    );
  });
});

/** Undefined when it was answered, else why not. */
function askOnNewConnection(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json' };
    const asking = request({ host: '127.0.0.1', port, method: 'POST', path: '/infer', agent: false, headers });
    asking.once('response', (answer) => answer.resume().once('end', () => resolve(undefined)));
    asking.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    asking.end('{"text":"a good day"}');
  });
}
