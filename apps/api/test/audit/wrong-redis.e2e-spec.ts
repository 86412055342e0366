import { describeWithRedis } from '../../../../scripts/test-support/redis.js';
import { eventually } from '../../../../scripts/test-support/until.js';
import { AuditStack } from '../support/audit-stack.js';
import { NO_DIFFERENCES } from '../support/ledger-check.js';
import { LedgerClient } from '../support/ledger-client.js';

jest.setTimeout(120_000);

describeWithRedis('a Redis that is not as it should be', () => {
  let stack: AuditStack;

  beforeEach(async () => {
    stack = await AuditStack.open({ redis: 'now', postgres: 'now' });
  });
  afterEach(() => stack.close());

  /** Records with that Redis, by a server that writes the table itself, so that it is both ends of the queue. */
  async function serveWith(url: string) {
    const api = await (await stack.api('api', { REDIS_QUEUE_URL: url, AUDIT_WORKER: 'in-process' })).start();
    const client = new LedgerClient({ ports: [api.port] });
    await client.send(50);
    expect(client.statuses()).toEqual({ 200: 50 });
    return { api, client };
  }

  it('wants another password: the log says so without what was given, and the server ends when it is asked to', async () => {
    await stack.redis!.command('CONFIG', 'SET', 'requirepass', 'right');
    const { api, client } = await serveWith(stack.redis!.url.replace('//', '//:hunter2@'));
    const line = await api.waitForLog(
      /^Redis unavailable: Redis at 127\.0\.0\.1:\d+: the user or the password is wrong/,
    );
    expect(line.level).toBe('WARNING');
    const beganMs = performance.now();
    expect(await api.stop()).toBe(0);
    expect(performance.now() - beganMs).toBeLessThan(25_000);
    expect(JSON.stringify(api.logs())).not.toContain('hunter2');
    await api.start({ REDIS_QUEUE_URL: stack.redis!.url.replace('//', '//:right@') });
    expect(await stack.settle([client])).toEqual(NO_DIFFERENCES);
  });

  it('is not there, from the start to the end: the server ends when it is asked to', async () => {
    await stack.redis!.kill();
    const { api, client } = await serveWith(stack.redis!.url);
    await api.waitForLog(/^Redis unavailable: Redis at 127\.0\.0\.1:\d+: nothing listens there/);
    const beganMs = performance.now();
    expect(await api.stop()).toBe(0);
    expect(performance.now() - beganMs).toBeLessThan(25_000);
    await stack.redis!.startAgain();
    await api.start();
    expect(await stack.settle([client])).toEqual(NO_DIFFERENCES);
  });

  it('is not that of the cache either: log, probe and check-health say so, and nobody else is told where it was looked for', async () => {
    const url = 'redis://:hunter2@127.0.0.1:9';
    const api = await (await stack.api('api', { REDIS_URL: url, REDIS_QUEUE_URL: stack.redis!.url })).start();
    await api.waitForLog(/^Redis unavailable: Redis at 127\.0\.0\.1:9: ./);
    const message = 'The Redis of cache and rate limits: nothing listens there: is Redis running?';
    await eventually(async () => expect(await api.waitForCheck('redis', 'unhealthy')).toMatchObject({ message }));
    const { stdout } = await stack.falcon('check-health', '--seconds', '0.1', '--url', `http://127.0.0.1:${api.port}`);
    expect(stdout).toContain(`The check "redis" is unhealthy: ${message}`);
    expect(JSON.stringify(api.logs())).not.toContain('hunter2');
  });

  it('may evict: it is given nothing, which log, probe and check-health say with what to do, until it may not', async () => {
    await stack.redis!.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    const { api, client } = await serveWith(stack.redis!.url);
    await api.waitForLog(/^Redis unavailable: .* it may evict jobs .* run "CONFIG SET maxmemory-policy noeviction"/);
    const check = await api.waitForCheck('queue', 'unhealthy');
    expect(check.message).toMatch(/^The audit queue: it may evict jobs \(maxmemory-policy allkeys-lru\)/);
    expect(check.message).not.toContain('127.0.0.1');
    expect(await api.metric('circuit_breaker_failures_total\\{[^}]*dependency="queue"[^}]*\\}')).toBe(0);
    const { code, stdout } = await stack.falcon(
      'check-health',
      '--seconds',
      '0.1',
      '--url',
      `http://127.0.0.1:${api.port}`,
    );
    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAIL {2}The check "queue" is unhealthy: Redis at 127\.0\.0\.1:\d+: it may evict jobs/m);
    expect(await stack.rows()).toEqual([]);
    await stack.redis!.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    expect(await stack.settle([client])).toEqual(NO_DIFFERENCES);
  });
});
