import { setTimeout as sleep } from 'node:timers/promises';
import { ComposeStack, describeWithCompose } from '../support/compose-stack.js';
import { buildImage, docker, tryDocker, waitUntil } from '../support/docker.js';
import { LedgerClient } from '../support/ledger-client.js';

const IMAGE = `falcon-compose-${process.pid}:latest`;
const PREVIOUS = `falcon-compose-${process.pid}:rollback`;
const WORKERS = ['worker-1', 'worker-2', 'worker-3'];
const TIMEOUT_MS = 300_000;

describeWithCompose('the stack of docker-compose.yml', () => {
  let stack: ComposeStack;

  /** Keeps asking through nginx while something happens to the stack; nobody may notice. */
  async function underLoad(name: string, happening: () => Promise<unknown>): Promise<LedgerClient> {
    const client = new LedgerClient({ ports: [stack.port], connections: 16, pauseMs: 10, name }).start();
    await client.waitForAnswers(200);
    await happening();
    await client.waitForAnswers(200);
    await client.stop();
    const told = { statuses: client.statuses(), slowestMs: Math.round(client.slowestMs) };
    process.stderr.write(`${name}: ${JSON.stringify(told)}\n`);
    return client;
  }

  beforeAll(async () => {
    stack = await ComposeStack.prepare(IMAGE);
    await buildImage(IMAGE, '1.0.0-test');
    const startMs = performance.now();
    await stack.up();
    process.stderr.write(`The stack was healthy after ${Math.round((performance.now() - startMs) / 1000)} s.\n`);
  }, 3 * TIMEOUT_MS);

  afterAll(async () => {
    await stack.down();
    await tryDocker(['image', 'rm', IMAGE, PREVIOUS]);
  }, 120_000);

  it('is healthy, and reachable from this machine alone', async () => {
    const lines = (await stack.compose('ps', '--all', '--format', 'json')).split('\n');
    const containers = lines.map(
      (line) =>
        JSON.parse(line) as { Service: string; Health: string; ExitCode: number; Publishers: { URL: string }[] | null },
    );
    const healthy = containers.filter(({ Health }) => Health === 'healthy').map(({ Service }) => Service);
    const rest = containers.filter(({ Health }) => Health !== 'healthy');
    expect(healthy).toEqual(expect.arrayContaining(['nginx', ...WORKERS, 'audit-worker', 'postgres']));
    expect(rest).toMatchObject([{ Service: 'migrate', ExitCode: 0 }]);
    const published = containers.flatMap(({ Publishers }) => Publishers ?? []).map(({ URL }) => URL);
    expect(new Set(published.filter(Boolean))).toEqual(new Set(['127.0.0.1']));
  });

  it('answers through nginx, and records that in Postgres', async () => {
    const response = await fetch(`http://127.0.0.1:${stack.port}/infer`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-request-id': 'one-of-the-test' },
      body: JSON.stringify({ text: 'What a wonderful day' }),
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ prediction: 'positive', request_id: 'one-of-the-test' });
    const sql = "SELECT prediction, status FROM inference_logs WHERE request_id = 'one-of-the-test'";
    const row = await waitUntil(
      () => stack.query(sql),
      (found) => found !== '',
    );
    expect(row).toBe('positive|200');
  }, 90_000);

  it(
    'fails no request and loses no row when a worker is killed under load',
    async () => {
      const client = await underLoad('killed', async () => {
        await stack.compose('kill', '--signal', 'SIGKILL', 'worker-1');
        await sleep(2000); // two workers do the work of three
        await stack.compose('up', '--detach', '--no-deps', '--wait', 'worker-1');
      });
      expect([...client.unanswered]).toEqual([]);
      expect(client.statuses()).toEqual({ 200: client.answered.size });
      expect(await stack.verify([client])).toContain(' 0 missing');
    },
    TIMEOUT_MS,
  );

  it(
    'fails no request and loses no row when its workers are replaced by those of a new image, and back',
    async () => {
      await docker('tag', IMAGE, PREVIOUS);
      await buildImage(IMAGE, '2.0.0-test');
      const client = await underLoad('replaced', async () => {
        for (const worker of WORKERS) await stack.compose('up', '--detach', '--no-deps', '--wait', worker);
      });
      expect(await Promise.all(WORKERS.map((worker) => stack.versionOf(worker)))).toEqual(
        WORKERS.map(() => '2.0.0-test'),
      );
      const back = await underLoad('rolled-back', () => stack.script('rollback'));
      expect(await Promise.all(WORKERS.map((worker) => stack.versionOf(worker)))).toEqual(
        WORKERS.map(() => '1.0.0-test'),
      );

      expect([...client.unanswered, ...back.unanswered]).toEqual([]);
      expect(client.statuses()).toEqual({ 200: client.answered.size });
      expect(back.statuses()).toEqual({ 200: back.answered.size });
      expect(await stack.verify([client, back])).toContain(' 0 missing, 0 double');
    },
    2 * TIMEOUT_MS,
  );
});
