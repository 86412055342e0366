import { freePort } from '../../../scripts/test-support/free-port.js';
import { eventually, until } from '../../../scripts/test-support/until.js';
import { falcon } from './support/falcon.js';
import { listen } from './support/listen.js';
import { startServer, type Server } from './support/server.js';

jest.setTimeout(60_000);

const checkHealth = (url: string, ...args: string[]) =>
  falcon(['check-health', '--url', url, '--seconds', '0.3', ...args]);
const JSON_BODY = { method: 'POST', headers: { 'content-type': 'application/json' } };

describe('falcon check-health', () => {
  let server: Server;

  beforeAll(async () => {
    server = await startServer({ WORKER_ID: 'alone', CACHE_ENABLED: 'true', SLO_LATENCY_SECONDS: '60' });
    // Each check has to be asked before it is known how it is.
    const report = async () => (await fetch(new URL('/_health/ready', server.url))).text();
    await until(async () => (await report()).startsWith('{"status":"healthy"'));
  });
  afterAll(() => server.stop());

  const infer = (text: string) =>
    fetch(new URL('/infer', server.url), { ...JSON_BODY, body: JSON.stringify({ text }) });

  it('has nothing to say against a server that is well, and ends with 0', async () => {
    // A machine that stands still for a second is degraded until the next look.
    const { stdout } = await eventually(async () => {
      const checked = await checkHealth(server.url);
      expect({ ...checked, stdout: '' }).toEqual({ code: 0, stdout: '', stderr: '' });
      return checked;
    });
    expect(stdout).toMatch(/^Falcon [\d.]+, alone \(embedded\) at http:.*: healthy, ready$/m);
    expect(stdout).toMatch(/^requests {2}\d+\.\d\/s, /m);
    expect(stdout).toMatch(/^audit {5}off$/m);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('Nothing is wrong.');
    expect(stdout.split('\n').length).toBeLessThan(25);
  });

  it('counts what happens while it watches', async () => {
    const checking = checkHealth(server.url, '--seconds', '3');
    const asking = setInterval(() => void infer('a good day'), 50);
    const { stdout } = await checking;
    clearInterval(asking);
    expect(Number(/^requests {2}([\d.]+)\/s/m.exec(stdout)?.[1])).toBeGreaterThan(1);
    expect(stdout).toMatch(/^cache {5}\d+ % hits$/m);
  });

  it('names the section of an open breaker and of maintenance mode, and ends with 1', async () => {
    await fetch(new URL('/admin/breakers/model:sentiment/force-open', server.url), { method: 'POST' });
    await falcon(['maintenance', 'on', '--url', server.url]);
    const { code, stdout } = await checkHealth(server.url);
    await falcon(['maintenance', 'off', '--url', server.url]);
    await fetch(new URL('/admin/breakers/model:sentiment/reset', server.url), { method: 'POST' });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAIL {2}The breaker of model\S* is forced-open\.\n {6}see docs\/RUNBOOK\.md#model$/m);
    expect(stdout).toMatch(/^WARN {2}Maintenance mode is on: .*\n {6}see docs\/RUNBOOK\.md#maintenance$/m);
  });

  it('prints JSON for scripts', async () => {
    const expected = { health: { status: 'healthy' }, ready: { ready: true }, findings: [] };
    await eventually(async () => {
      const { code, stdout } = await checkHealth(server.url, '--json');
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject(expected);
    });
  });

  it('says that there is no answer, and ends with 1', async () => {
    const { code, stdout } = await checkHealth('http://127.0.0.1:9');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAIL {2}http:\/\/127\.0\.0\.1:9\/_health\/ready does not answer: /m);
    expect(stdout).toContain('docs/RUNBOOK.md#no-answer');
  });

  it.each(['<html>', '{"status":"ok"}', 'null'])('says that something else answers: %s', async (said) => {
    await using other = await listen((_request, response) => response.end(said));
    const { code, stdout } = await checkHealth(other.url);
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining('this is not Falcon') as string });
  });

  it.each([
    ['--url', 'nowhere', '"nowhere" is not a URL such as'],
    ['--url', 'localhost:8000', '"localhost:8000" is not a URL such as'],
    ['--url', 'http://someone:hunter2@127.0.0.1:9', 'has no user and no password'],
    ['--seconds', '0', 'It is a number'],
  ])('ends with 1 when it is asked wrongly: %s %s', async (option, value, sentence) => {
    const { code, stdout, stderr } = await falcon(['check-health', option, value]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(sentence) });
    expect(stdout + stderr).not.toContain('hunter2');
  });

  it('says that it could not read what the server counts, and ends with 1', async () => {
    const report = JSON.stringify({ status: 'healthy', ready: true, checks: [] });
    await using server = await listen(({ url }, response) => {
      if (url === '/metrics') response.statusCode = 401;
      response.end(url === '/metrics' ? '{"detail":"it needs a key"}' : report);
    });
    const { code, stdout } = await checkHealth(server.url);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^WARN {2}\/metrics answered 401: it needs a key\n {6}see docs\/RUNBOOK\.md#no-answer$/m);
  });
});

describe('falcon check-health of a server that is not ready', () => {
  it('says why', async () => {
    const server = await startServer(
      { DEFAULT_MODEL: 'nonesuch', PORT: String(await freePort()) },
      'The default model cannot serve',
    );
    const { code, stdout } = await checkHealth(server.url);
    await server.stop();
    expect(code).toBe(1);
    expect(stdout).toMatch(/^Falcon .*: unhealthy, not ready\b/m);
    expect(stdout).toMatch(/^FAIL {2}The check "model" is unhealthy: .*nonesuch.*\n {6}see docs\/RUNBOOK\.md#model$/m);
  });
});
