import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { end, endWithTheFile } from '../../../../scripts/test-support/children.js';
import { describeWithRedis, TestRedis } from '../../../../scripts/test-support/redis.js';
import { until } from '../../../../scripts/test-support/until.js';
import type { ClaimOrder } from '../../test-support/claiming-process.js';

const ROOT = join(__dirname, '../../../..');
const TYPESCRIPT = join(ROOT, 'scripts/test-support/register-typescript.cjs');
const PROGRAM = join(ROOT, 'libs/cache/test-support/claiming-process.ts');
const LEASE_MS = 4000; // renewed three times as often: a busy machine may be late by seconds
const REPLICAS = 4;

interface Replica {
  child: ChildProcess;
  lines: Interface;
}

describeWithRedis('Idempotency over several processes', () => {
  let server: TestRedis;
  let replicas: Replica[];

  const start = async (): Promise<Replica> => {
    const args = [
      '--disable-warning=ExperimentalWarning',
      '--require',
      TYPESCRIPT,
      PROGRAM,
      server.url,
      String(LEASE_MS),
    ];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'] });
    endWithTheFile(child);
    const lines = createInterface(child.stdout);
    await once(lines, 'line');
    return { child, lines };
  };

  const claim = async ({ child, lines }: Replica, order: ClaimOrder): Promise<string[]> => {
    const answer = once(lines, 'line');
    child.stdin?.write(`${JSON.stringify(order)}\n`);
    return JSON.parse(String((await answer)[0])) as string[];
  };

  const kill = ({ child }: Replica): Promise<void> => end(child, 'SIGKILL');

  beforeAll(async () => {
    server = await TestRedis.start();
    replicas = await Promise.all(Array.from({ length: REPLICAS }, start));
  });
  afterAll(async () => {
    await Promise.all(replicas.map(kill));
    await server.stop();
  });

  it('has exactly one winner among 100 at the same time in each of 4 processes', async () => {
    for (let round = 0; round < 10; round++) {
      const order = { key: `round ${round}`, times: 100 };
      const states = (await Promise.all(replicas.map((replica) => claim(replica, order)))).flat();
      expect(states).toHaveLength(100 * REPLICAS);
      expect(states.filter((state) => state === 'claimed')).toHaveLength(1);
      expect(states.filter((state) => state === 'in-flight')).toHaveLength(100 * REPLICAS - 1);
    }
  });

  it('keeps the claim of an owner that lives for longer than a lease, and frees it soon after a kill', async () => {
    const [owner, other] = replicas as [Replica, Replica];
    const order = { key: 'held', times: 1 };
    expect(await claim(owner, order)).toEqual(['claimed']);
    for (let waitedMs = 0; waitedMs < 1.5 * LEASE_MS; waitedMs += 100) {
      await sleep(100);
      expect(await claim(other, order)).toEqual(['in-flight']);
    }
    await kill(owner);
    expect(await claim(other, order)).toEqual(['in-flight']);
    await until(async () => (await claim(other, order))[0] === 'claimed', { timeoutMs: LEASE_MS + 10_000 });
  });

  it('frees the claim of an owner that is frozen, and lets it be the one that is late', async () => {
    const [, owner, other] = replicas as [Replica, Replica, Replica];
    const order = { key: 'frozen', times: 1 };
    expect(await claim(owner, order)).toEqual(['claimed']);
    owner.child.kill('SIGSTOP');
    await sleep(LEASE_MS);
    await until(async () => (await claim(other, order))[0] === 'claimed');
    owner.child.kill('SIGCONT');
    await sleep(LEASE_MS / 2); // it renews what it takes for its own
    expect(await claim(owner, order)).toEqual(['in-flight']);
  });
});
