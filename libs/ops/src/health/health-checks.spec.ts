import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createServer as createHttpServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../../../scripts/test-support/until.js';
import { HealthIndicatorService } from '@nestjs/terminus';
import { createLog } from '../logging/log.js';
import type { HealthCheck } from './health-check.js';
import { HealthChecks } from './health-checks.js';
import { remoteCheck } from './remote-checks.js';

type Ask = HealthCheck['check'];

const up: Ask = (indicator) => indicator.up();
const down: Ask = (indicator) => indicator.down('It is away.');

const opened: HealthChecks[] = [];
afterEach(() => opened.splice(0).forEach((checks) => checks.onApplicationShutdown()));

function checksOf(...list: HealthCheck[]) {
  const lines: string[] = [];
  const log = createLog(
    { logLevel: 'INFO', workerId: 'w', appName: 'a', environment: 'e' },
    { write: (line) => void lines.push(line) },
  );
  const checks = new HealthChecks(new HealthIndicatorService(), log);
  opened.push(checks);
  list.forEach((check) => checks.add(check));
  return { checks, lines };
}

async function refreshed(...list: HealthCheck[]): Promise<HealthChecks> {
  const { checks } = checksOf(...list);
  await Promise.all(list.map(({ name }) => checks.refresh(name)));
  return checks;
}

describe('HealthChecks', () => {
  it.each([
    [up, up, 'healthy'],
    [up, down, 'degraded'],
    [down, up, 'unhealthy'],
    [() => undefined, up, 'unknown'],
    [up, () => undefined, 'degraded'],
  ] as [Ask, Ask, string][])(
    'is as well as its critical checks, and degraded by others (%#)',
    async (critical, other, status) => {
      const checks = await refreshed(
        { name: 'critical', critical: true, check: critical },
        { name: 'other', critical: false, check: other },
      );
      expect(await checks.report('ready')).toMatchObject({ status, checks: [{ name: 'critical' }, { name: 'other' }] });
    },
  );

  it('asks for startup what is critical, and for liveness what a restart can help', async () => {
    const checks = await refreshed(
      { name: 'critical', critical: true, check: up },
      { name: 'elsewhere', critical: false, check: down },
      { name: 'here', critical: false, live: true, check: down },
    );
    expect(await checks.report('startup')).toMatchObject({ status: 'healthy', checks: [{ name: 'critical' }] });
    expect(await checks.report('live')).toMatchObject({ status: 'unhealthy', checks: [{ name: 'here' }] });
  });

  it('tells a message, details and how long it took, and of one check alone', async () => {
    const check: Ask = async (indicator) => {
      await sleep(20);
      return indicator.degraded({ message: 'Nearly full.', bytes: 7 });
    };
    const checks = await refreshed({ name: 'disk', critical: true, check });
    const report = await checks.reportOf('disk');
    expect(report).toEqual({
      name: 'disk',
      status: 'degraded',
      latency_ms: expect.any(Number),
      message: 'Nearly full.',
      details: { bytes: 7 },
    });
    expect(report?.latency_ms).toBeGreaterThan(15);
    expect(await checks.reportOf('other')).toBeUndefined();
  });

  it('tells the log, and nobody else, what a check has thrown', async () => {
    const { checks, lines } = checksOf({
      name: 'secretive',
      critical: true,
      check: () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7:5432')),
    });
    await checks.refresh('secretive');
    const report = JSON.stringify(await checks.report('ready'));
    expect(report).toContain('The check failed: the log says why.');
    expect(report).not.toContain('10.0.0.7');
    expect(lines.join('')).toContain('10.0.0.7:5432');
  });

  it('asks all at once, and takes no answer in time for a failure', async () => {
    const hangs: Ask = () => new Promise(() => undefined);
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const startMs = performance.now();
    const checks = await refreshed(...names.map((name) => ({ name, critical: true, timeoutMs: 500, check: hangs })));
    expect(performance.now() - startMs).toBeLessThan(names.length * 500);
    for (const { status, message } of (await checks.report('ready')).checks) {
      expect([status, message]).toEqual(['unhealthy', 'timeout of 500ms exceeded']);
    }
  });

  it('asks in the background: probes ask nobody, however many they are', async () => {
    let asked = 0;
    const { checks } = checksOf({
      name: 'counted',
      critical: true,
      cacheMs: 60_000,
      check: (indicator) => {
        asked++;
        return indicator.up();
      },
    });
    checks.onApplicationBootstrap();
    await checks.refresh('counted');
    const reports = await Promise.all(Array.from({ length: 1000 }, () => checks.report('ready')));
    expect(new Set(reports.map(({ status }) => status))).toEqual(new Set(['healthy']));
    expect(asked).toBe(1);
  });

  it('asks again and again, and says once per change how it is', async () => {
    let answer: Ask = up;
    const { checks, lines } = checksOf({
      name: 'flaky',
      critical: true,
      cacheMs: 5,
      failures: 3,
      check: (indicator, signal) => answer(indicator, signal),
    });
    checks.onApplicationBootstrap();
    const becomes = (status: string) => until(async () => (await checks.reportOf('flaky'))?.status === status);
    await becomes('healthy');
    answer = down;
    await becomes('unhealthy');
    await sleep(50);
    answer = up;
    await becomes('healthy');
    const messages = lines.map((line) => (JSON.parse(line) as { message: string }).message);
    expect(messages).toEqual(['Health check "flaky" is unhealthy', 'Health check "flaky" is healthy again']);
  });

  it('asks at each probe where that is wanted, and believes what it hears', async () => {
    let isStopping = false;
    const check: Ask = (indicator) => (isStopping ? indicator.down() : indicator.up());
    const { checks } = checksOf({ name: 'accepting', critical: true, cacheMs: 0, failures: 9, check });
    expect((await checks.report('ready')).status).toBe('healthy');
    isStopping = true;
    expect((await checks.report('ready')).status).toBe('unhealthy');
  });

  it('asks a check that is added later, too, and refuses a name that is taken or no part of a path', async () => {
    const { checks } = checksOf();
    checks.onApplicationBootstrap();
    checks.add({ name: 'own', critical: true, check: up });
    await checks.refresh('own');
    expect((await checks.reportOf('own'))?.status).toBe('healthy');
    for (const name of ['own', 'a/b', '']) {
      expect(() => checks.add({ name, critical: true, check: up })).toThrow('a name of its own');
    }
  });
});

describe('waitUntilHealthy', () => {
  it('waits for what is critical, and for nothing else', async () => {
    let answer: Ask = down;
    const { checks } = checksOf(
      {
        name: 'model',
        critical: true,
        cacheMs: 5,
        successes: 1,
        check: (indicator, signal) => answer(indicator, signal),
      },
      { name: 'database', critical: false, check: down },
    );
    checks.onApplicationBootstrap();
    const waiting = checks.waitUntilHealthy({ timeoutMs: 20_000, intervalMs: 10 });
    await sleep(50);
    answer = up;
    expect((await waiting)?.status).toBe('healthy');
  });

  it('gives up in time, and says what it waited for; ends with the application', async () => {
    const { checks } = checksOf({ name: 'model', critical: true, cacheMs: 5, check: down });
    checks.onApplicationBootstrap();
    expect(await checks.waitUntilHealthy({ timeoutMs: 50, intervalMs: 10 })).toMatchObject({
      status: 'unhealthy',
      checks: [{ name: 'model', message: 'It is away.' }],
    });
    const waiting = checks.waitUntilHealthy({ timeoutMs: 60_000 });
    checks.onApplicationShutdown();
    expect(await waiting).toBeUndefined();
  });
});

describe('remoteCheck', () => {
  async function statusOf(url: string): Promise<string | undefined> {
    const checks = await refreshed(remoteCheck('remote', new URL(url)));
    return (await checks.reportOf('remote'))?.status;
  }

  it('knows a port that takes connections from one that does not', async () => {
    const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await statusOf(`tcp://127.0.0.1:${port}`)).toBe('healthy');
    server.close();
    await once(server, 'close');
    expect(await statusOf(`tcp://127.0.0.1:${port}`)).toBe('unhealthy');
  });

  it('knows a URL that answers well from one that does not', async () => {
    const server = createHttpServer((request, response) => {
      response.writeHead(request.url === '/well' ? 204 : 500).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await statusOf(`http://127.0.0.1:${port}/well`)).toBe('healthy');
    expect(await statusOf(`http://127.0.0.1:${port}/ill`)).toBe('unhealthy');
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    expect(await statusOf(`http://127.0.0.1:${port}/well`)).toBe('unhealthy');
  });
});
