import { describeWithRedis } from '../../../../scripts/test-support/redis.js';
import { until } from '../../../../scripts/test-support/until.js';
import { AuditStack } from '../support/audit-stack.js';
import { NO_DIFFERENCES } from '../support/ledger-check.js';
import { LedgerClient } from '../support/ledger-client.js';
import type { Service } from '../support/service.js';

jest.setTimeout(120_000);

const OPEN = 1;
const CLOSED = 0;

async function stateOf({ port }: Service, dependency: string): Promise<number | undefined> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const value = new RegExp(`^circuit_breaker_state\\{[^}]*dependency="${dependency}"[^}]*\\} (\\d)$`, 'm').exec(text);
  return value ? Number(value[1]) : undefined;
}

async function waitForState(service: Service, dependency: string, wanted: number): Promise<void> {
  const complaint = () => `the breaker of ${dependency} did not become ${wanted}`;
  await until(async () => (await stateOf(service, dependency)) === wanted, { pollMs: 50, complaint });
}

describeWithRedis('the breakers of the audit log', () => {
  let stack: AuditStack;
  afterEach(() => stack.close());

  it('open while the queue or Postgres is away, and close by themselves when it is back', async () => {
    stack = await AuditStack.open({ redis: 'now', postgres: 'now' });
    const api = await stack.api('api');
    const worker = await stack.worker('writer');
    await Promise.all([api.start(), worker.start()]);
    const client = new LedgerClient({ ports: [api.port] });
    await client.send(10);
    await stack.waitForRows(10);
    const states = [
      stateOf(api, 'queue'),
      stateOf(api, 'postgres'),
      stateOf(worker, 'queue'),
      stateOf(worker, 'postgres'),
    ];
    expect(await Promise.all(states)).toEqual([CLOSED, CLOSED, CLOSED, CLOSED]);

    await stack.redis!.kill();
    await client.send(10);
    await waitForState(api, 'queue', OPEN);
    await stack.redis!.startAgain();
    await waitForState(api, 'queue', CLOSED);

    await stack.postgres!.kill();
    await client.send(10);
    await Promise.all([waitForState(api, 'postgres', OPEN), waitForState(worker, 'postgres', OPEN)]);
    await stack.postgres!.start();
    await Promise.all([waitForState(api, 'postgres', CLOSED), waitForState(worker, 'postgres', CLOSED)]);
    expect(await stack.settle([client])).toEqual(NO_DIFFERENCES);
    await worker.waitForLog(/^Circuit breaker open$/);
    await worker.waitForLog(/^Circuit breaker closed$/);
  });

  it('answer for a handler that runs under one of them', async () => {
    stack = await AuditStack.open({ redis: 'now', postgres: 'now' });
    const api = await (await stack.api('api', { AUDIT_WORKER: 'in-process' })).start();
    const board = async () => {
      const answer = await fetch(`http://127.0.0.1:${api.port}/admin/queues`);
      const code = answer.ok ? 'OK' : ((await answer.json()) as { code: string }).code;
      return { code, retryAfter: answer.headers.get('retry-after') };
    };
    const client = new LedgerClient({ ports: [api.port] });
    await client.send(10);
    await stack.waitForRows(10);
    expect(await board()).toEqual({ code: 'OK', retryAfter: null });
    await stack.redis!.kill();
    await client.send(10);
    await waitForState(api, 'queue', OPEN);
    const refusal = async () => {
      const answer = await board(); // while it is half-open, the board itself is a trial call
      return answer.code === 'CIRCUIT_OPEN' && answer;
    };
    const refused = await until(refusal, { timeoutMs: 15_000, pollMs: 50 });
    expect(refused).toEqual({ code: 'CIRCUIT_OPEN', retryAfter: expect.stringMatching(/^[1-3]$/) as string });
    await stack.redis!.startAgain();
    await waitForState(api, 'queue', CLOSED);
    expect((await board()).code).toBe('OK');
    expect(await stack.settle([client])).toEqual(NO_DIFFERENCES);
  });
});
