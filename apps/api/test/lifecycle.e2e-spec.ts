import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { answerOf } from './support/client.js';
import { documentedVariables, samplesOf } from '../../../scripts/test-support/documented-values.js';
import { PROJECT_DIR } from '../../../scripts/test-support/program.js';
import { Falcon } from './support/falcon.js';
import { holdRequest, untilInHand } from './support/held-request.js';
import { startWithClient, stop, type Running } from './support/running.js';

/** How long the batcher holds a first item back, so that requests are in flight for as long as a test needs. */
const HELD_MS = 4000;

const heldRequest = (running: Running) => holdRequest(running, 'a good day');

describe('a request in flight', () => {
  let running: Running;

  beforeAll(async () => {
    running = await startWithClient({ BATCH_TIMEOUT_MS: String(HELD_MS), INFERENCE_MAX_QUEUED: '1' });
  });
  afterAll(() => stop(running));

  it('frees its place when its client leaves', async () => {
    const first = await heldRequest(running);
    const refused = await running.client.infer({ text: 'b' });
    expect([refused.status, refused.json['code']]).toEqual([503, 'INFERENCE_QUEUE_FULL']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    first.destroy();
    await untilInHand(running, 0);
    expect((await running.client.infer({ text: 'b' })).status).toBe(200);
    const { text } = await running.client.get('/metrics');
    expect(text).toMatch(/http_requests_total\{[^}]*path="\/infer\|public",status="499"[^}]*\} 1\n/);
    expect(text).toMatch(/http_requests_in_progress\{[^}]*path="\/infer\|public"[^}]*\} 0\n/);
    expect(text).toMatch(/inference_errors_total\{[^}]*error_type="REQUEST_CANCELLED"[^}]*\} 1\n/);
  });

  it('is 504 once its own deadline has passed, and says where', async () => {
    const { status, json } = await running.client.infer({ text: 'b' }, { 'x-request-timeout-ms': '1500' });
    expect([status, json['code'], json['stage']]).toEqual([504, 'DEADLINE_EXCEEDED', 'queue']);
  });
});

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  it('answers what is in flight, takes nothing new and exits 0', async () => {
    const running = await startWithClient({ BATCH_TIMEOUT_MS: String(HELD_MS) });
    const idle = await running.client.socket();
    const held = await heldRequest(running);
    running.falcon.process.kill(signal);
    const answer = await answerOf(held);
    expect([answer.status, answer.headers['connection']]).toEqual([200, 'close']);
    expect(await running.falcon.exitCode()).toBe(0);
    await expect(running.client.socket()).rejects.toThrow('ECONNREFUSED');
    idle.destroy();
    expect(running.falcon.logs().at(-1)).toMatchObject({ level: 'INFO', message: 'Stopped' });
  });
});

describe('SIGTERM', () => {
  it('answers a request that comes in on an open connection, and then closes it', async () => {
    const running = await startWithClient({ BATCH_TIMEOUT_MS: String(HELD_MS) });
    const held = await heldRequest(running);
    const late = await running.client.socket();
    late.write('GET /readyz HTTP/1.1\r\nHo');
    await running.client.get('/healthz'); // whoever came before has been let in
    running.falcon.process.kill('SIGTERM');
    await running.falcon.waitForLog('Draining: not ready any more');
    late.write('st: a\r\n\r\n');
    const readiness = await answerOf(late);
    expect([readiness.status, readiness.headers['connection']]).toEqual([503, 'close']);
    expect(readiness.json).toMatchObject({ ready: false, checks: { model_loaded: true } });
    expect((await answerOf(held)).status).toBe(200);
    expect(await running.falcon.exitCode()).toBe(0);
  });

  it('does not wait longer than it may', async () => {
    const running = await startWithClient({ BATCH_TIMEOUT_MS: '9000', GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS: '0.3' });
    const held = await heldRequest(running);
    held.on('error', () => undefined);
    running.falcon.process.kill('SIGTERM');
    expect(await running.falcon.exitCode()).toBe(1);
    await running.falcon.waitForLog('Stopped with requests unanswered: the shutdown timeout passed');
  });

  it('sent twice ends the process at once', async () => {
    const running = await startWithClient({ BATCH_TIMEOUT_MS: '9000' });
    const held = await heldRequest(running);
    held.on('error', () => undefined);
    running.falcon.process.kill('SIGTERM');
    await running.falcon.waitForLog('Draining: not ready any more');
    running.falcon.process.kill('SIGTERM');
    expect(await running.falcon.exitCode()).toBe(143);
  });
});

describe('a start that cannot be', () => {
  it('names every wrong variable, its value and what was expected, and exits 78', async () => {
    const samples = documentedVariables(join(PROJECT_DIR, 'docs/configuration.md')).map(
      (variable) => [variable.name, samplesOf(variable).wrong[0]] as const,
    );
    const wrong = samples.filter(([, value]) => value !== undefined);
    const passwords = { REDIS_URL: 'http://falcon:hunter2@redis', ADMIN_API_KEY: 'hunter2' };
    const falcon = Falcon.launch({ ...Object.fromEntries(wrong), ...passwords });
    expect(await falcon.exitCode()).toBe(78);
    const said = falcon.stderr;
    const lines = said.trimEnd().split('\n');
    expect(lines[0]).toBe('The configuration is invalid:');
    expect(lines.slice(1, -1).map((line) => /^  (\w+)=".*" must be .+\.$/.exec(line)?.[1])).toEqual(
      wrong.map(([name]) => name),
    );
    expect(lines.at(-1)).toBe('See docs/configuration.md.');
    expect(said).toContain('REDIS_URL="http://falcon:***@redis"');
    expect(said).not.toContain('hunter2');
    expect(falcon.stdout).toBe('');
  });

  it('names the file of a secret that it cannot read, and exits 78', async () => {
    const falcon = Falcon.launch({ POSTGRES_URL_FILE: '/nonexistent/postgres-url', ADMIN_API_KEY_FILE: PROJECT_DIR });
    expect(await falcon.exitCode()).toBe(78);
    expect(falcon.stderr).toBe(
      [
        'The configuration is invalid:',
        `  ADMIN_API_KEY_FILE="${PROJECT_DIR}" must be a file that can be read: it is a folder.`,
        '  POSTGRES_URL_FILE="/nonexistent/postgres-url" must be a file that can be read: there is no such file.',
        'See docs/configuration.md.\n',
      ].join('\n'),
    );
  });

  it('says that the port is in use, and exits 1', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const falcon = Falcon.launch({ PORT: String(port) });
    expect(await falcon.exitCode()).toBe(1);
    expect(falcon.stderr).toContain(`Port ${port} of 127.0.0.1 is in use`);
    other.close();
  });

  it('says that there is no folder of models, and exits 1', async () => {
    const falcon = Falcon.launch({ MODEL_DIR: '/nonexistent/models' });
    expect(await falcon.exitCode()).toBe(1);
    expect(falcon.stderr).toContain('/nonexistent/models');
  });
});

describe('a server that other machines can reach', () => {
  it('warns that there is no authentication', async () => {
    const falcon = await Falcon.start({ HOST: '0.0.0.0' });
    const warnings = falcon.logs().filter(({ level }) => level === 'WARNING');
    expect(warnings).toContainEqual(
      expect.objectContaining({ host: '0.0.0.0', message: expect.stringContaining('AUTH_MODE is off') as string }),
    );
    await falcon.stop();
  });
});
