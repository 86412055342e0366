import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogLine } from '../../../scripts/test-support/program.js';
import { temporaryFolder } from '../../../scripts/test-support/temporary-folder.js';
import { until } from '../../../scripts/test-support/until.js';
import { answerOf } from './support/client.js';
import { Falcon } from './support/falcon.js';
import { startWithClient, stop, type Running } from './support/running.js';

jest.setTimeout(60_000);

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';

describe('the access log', () => {
  let running: Running;

  beforeAll(async () => {
    running = await startWithClient({ ACCESS_LOG_SAMPLE_RATE: '1', ACCESS_LOG_SLOW_MS: '60000' });
  });
  afterAll(() => stop(running));

  const lineOf = async (path: string, body: unknown, headers: Record<string, string> = {}): Promise<LogLine> => {
    const id = randomUUID();
    await running.client.post(path, body, { 'x-request-id': id, ...headers });
    return running.falcon.waitForLineOf(id);
  };

  it('says of a request who asked what, and how it ended', async () => {
    const headers = { 'x-tenant-id': 'acme', traceparent: `00-${TRACE_ID}-00f067aa0ba902b7-01` };
    const line = await lineOf('/infer', { text: 'a good day' }, headers);
    expect(line).toEqual({
      timestamp: expect.stringMatching(/^\d{4}-/) as string,
      level: 'INFO',
      message: 'Request answered',
      worker_id: 'worker-1',
      app_name: 'falcon',
      environment: 'development',
      request_id: expect.any(String) as string,
      trace_id: TRACE_ID,
      tenant: 'acme',
      method: 'POST',
      route: '/infer',
      status: 200,
      duration_ms: expect.any(Number) as number,
      client_ip: '127.0.0.1',
    });
  });

  it('names the code of what was refused or failed, and where time ran out', async () => {
    expect(await lineOf('/infer', { text: ' ' })).toMatchObject({
      level: 'INFO',
      message: 'Request refused',
      status: 422,
      code: 'INVALID_REQUEST',
    });
    expect(await lineOf('/nowhere', {})).toMatchObject({ route: 'unmatched', status: 404, code: 'ROUTE_NOT_FOUND' });
    expect(await lineOf('/infer%zz', {})).toMatchObject({ route: 'unmatched', status: 400, code: 'BAD_REQUEST' });
  });

  it('has no line for probes and scrapes', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      await running.client.get(path);
    }
    await lineOf('/infer', { text: 'the last of them' });
    const routes = running.falcon.logs().map(({ route }) => route);
    expect(routes).not.toContain('/healthz');
    expect(routes).not.toContain('/readyz');
    expect(routes).not.toContain('/metrics');
  });
});

describe('requests that take long', () => {
  it('are in the log whatever the share of the others, and those that take too long are a "timeout"', async () => {
    const running = await startWithClient({
      ACCESS_LOG_SAMPLE_RATE: '0',
      ACCESS_LOG_SLOW_MS: '3000', // a busy machine does not decide
      BATCH_TIMEOUT_MS: '4000',
    });
    await running.client.infer({ text: 'slow' });
    await running.client.infer({ text: 'late' }, { 'x-request-timeout-ms': '1500' });
    await running.client.get('/');
    await stop(running);
    const lines = running.falcon.logs().filter(({ route }) => route !== undefined);
    expect(lines).toMatchObject([
      { level: 'WARNING', message: 'Slow request', status: 200, slow: true },
      { level: 'WARNING', message: 'Request timeout', status: 504, code: 'DEADLINE_EXCEEDED', stage: 'queue' },
    ]);
  });
});

/** Each is put where callers and operators put such things. */
const SECRETS = {
  text: 'SECRET-TEXT-of-a-caller',
  wrongKey: 'SECRET-KEY-that-nobody-knows',
  adminKey: 'SECRET-KEY-of-an-operator',
  query: 'SECRET-QUERY-member',
  path: 'SECRET-PATH-segment',
  member: 'SECRET-MEMBER-name',
  cookie: 'SECRET-COOKIE-value',
  idempotencyKey: 'SECRET-IDEMPOTENCY-key',
  password: 'SECRET-PASSWORD-of-postgres',
  collector: 'SECRET-HEADER-of-the-collector',
} as const;

describe('what callers and operators keep to themselves', () => {
  it('is in no line of the log, on the finest level', async () => {
    const folder = temporaryFolder();
    const running = await startWithClient({
      LOG_LEVEL: 'DEBUG',
      ACCESS_LOG_SAMPLE_RATE: '1',
      CACHE_ENABLED: 'true',
      AUDIT_DURABILITY: 'process',
      DATA_DIR: folder,
      ADMIN_API_KEY: SECRETS.adminKey,
      POSTGRES_URL: `postgres://falcon:${SECRETS.password}@127.0.0.1:1/falcon`,
      REDIS_URL: `redis://:${SECRETS.password}@127.0.0.1:1`,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://user:${SECRETS.password}@127.0.0.1:1`,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=${SECRETS.collector}`,
      OTEL_EXPORTER_OTLP_TIMEOUT: '300',
    });
    const { client, falcon } = running;
    const headers = {
      authorization: `Bearer ${SECRETS.wrongKey}`,
      cookie: `session=${SECRETS.cookie}`,
      'idempotency-key': SECRETS.idempotencyKey,
    };
    const text = SECRETS.text;
    await client.infer({ text }, headers);
    await client.infer({ text }, headers);
    await client.infer({ text: 'another' }, headers); // the same idempotency key
    await client.infer({ text: [text] }, headers);
    await client.infer({ text, [SECRETS.member]: text }, headers);
    await client.infer({ text, model: SECRETS.path }, headers);
    await client.infer(`{"text": "${text}`, headers);
    await client.infer({ text }, { ...headers, 'x-priority': SECRETS.member, 'x-tenant-id': `${SECRETS.member} !` });
    await client.infer({ text }, { 'x-request-timeout-ms': '1' });
    await client.post('/infer/batch', { texts: [text, ' '] }, headers);
    await client.post(`/infer?key=${SECRETS.query}`, { text }, headers);
    await client.get(`/${SECRETS.path}?key=${SECRETS.query}`, headers);
    await client.get(`/%zz${SECRETS.path}`, headers);
    await client.get('/admin/breakers', { authorization: `Bearer ${SECRETS.adminKey}` });
    await client.get(`/admin/breakers/${SECRETS.path}?key=${SECRETS.query}`, headers);
    const socket = await client.socket();
    socket.end(`GET / HTTP/1.1\r\nX: ${SECRETS.cookie}\r\nBad Header: ${SECRETS.cookie}\r\n\r\n`);
    await answerOf(socket);
    await falcon.waitForLog('Traces are not exported');
    await stop(running);
    const said = falcon.stdout + falcon.stderr;
    expect(falcon.logs().filter(({ route }) => route !== undefined).length).toBeGreaterThan(12);
    expect(said).not.toMatch(/SECRET-/);
  });
});

describe('a log that nobody reads', () => {
  const requests = 1500; // 600 KB; a pipe takes 64

  /** A server whose stdout is full. */
  async function startUnread(env: NodeJS.ProcessEnv = {}): Promise<Running> {
    const running = await startWithClient({ ACCESS_LOG_SAMPLE_RATE: '1', ENVIRONMENT: 'e'.repeat(64), ...env });
    running.falcon.process.stdout?.pause();
    for (let k = 0; k < requests; k += 50) {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, j) => running.client.infer({ text: `${k + j}` })),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    }
    return running;
  }

  it('holds up no request, and is complete when it is read after all', async () => {
    const running = await startUnread();
    await sleep(100);
    const told = () => running.falcon.logs().filter(({ route }) => route === '/infer').length;
    expect(told()).toBeLessThan(requests);
    running.falcon.process.stdout?.resume();
    await until(() => told() === requests);
    await stop(running);
    expect(running.falcon.logs().at(-1)?.message).toBe('Stopped');
  });

  it.each([
    ['the drain', {}, 0],
    ['a second signal', { DRAIN_DELAY_SECONDS: '60', GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS: '120' }, 143],
  ])('keeps no process from its end after %s', async (_, env, code) => {
    const { falcon, client } = await startUnread(env);
    falcon.process.kill('SIGTERM');
    if (code > 0) {
      await until(async () => (await client.get('/')).json['status'] === 'shutting_down');
      falcon.process.kill('SIGTERM');
    }
    const [exitCode] = (await once(falcon.process, 'exit')) as [number | null];
    expect(exitCode).toBe(code);
  });

  it('keeps no process from its end on a disk that is full', async () => {
    const falcon = Falcon.launch({}, openSync('/dev/full', 'w'));
    await falcon.waitForStderr('is ready');
    expect(await falcon.stop()).toBe(0);
  });
});
