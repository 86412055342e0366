import { until } from '../../../../scripts/test-support/until.js';
import { Nginx } from '../../../../scripts/test-support/nginx.js';
import { describeWithTool } from '../../../../scripts/test-support/tools.js';
import type { Answer } from '../support/answer.js';
import { AuditStack } from '../support/audit-stack.js';
import { Client } from '../support/client.js';
import { LedgerClient } from '../support/ledger-client.js';

/** Longer than nginx keeps an idle connection to a worker (deploy/nginx/upstream.conf), as in docker-compose.yml. */
const DRAIN_DELAY_SECONDS = '5';

describeWithTool(['nginx', 'redis-server'], 'nginx in front of three servers under load', () => {
  let stack: AuditStack;
  let nginx: Nginx;

  beforeAll(async () => {
    stack = await AuditStack.open({ redis: 'now', postgres: 'now' });
    // What is not known in time on a busy machine would be no fault of what is tested here.
    const env = {
      DRAIN_DELAY_SECONDS,
      LISTEN_WHEN_READY: 'true',
      CACHE_REDIS_TIMEOUT_MS: '10000',
      REDIS_URL: stack.redis?.url,
    };
    const apis = await Promise.all(['api-1', 'api-2', 'api-3'].map((name) => stack.api(name, env)));
    const services = [...apis, await stack.worker('writer')];
    await Promise.all(services.map((service) => service.start()));
    nginx = await Nginx.start({ workers: apis.map(({ port }) => port) });
  }, 90_000);
  afterAll(async () => {
    await nginx?.stop();
    await stack?.close();
  });

  it('fails no request when one is killed and when one is restarted, and every answer is on record', async () => {
    const client = new LedgerClient({ ports: [nginx.port], connections: 16, pauseMs: 10 }).start();
    await client.waitForAnswers(200);
    const [killed, restarted] = stack.apis;
    await killed!.kill();
    await client.waitForAnswers(300);
    await killed!.start();
    expect(await restarted!.stop()).toBe(0);
    await client.waitForAnswers(100);
    await restarted!.start();
    await client.waitForAnswers(200);
    await client.stop();

    expect([...client.unanswered]).toEqual([]);
    expect(client.statuses()).toEqual({ 200: client.answered.size });
    const { double, ...rest } = await stack.settle([client]);
    expect(rest).toEqual({ missing: [], wrong: [], strange: [] });
    // The killed server had them on record already: the second row is of who was asked then.
    const askedTwice = nginx.lines().filter(({ upstream_status }) => upstream_status.startsWith('502, '));
    expect(askedTwice.length).toBeGreaterThan(0);
    const ids = new Set(askedTwice.map(({ request_id }) => request_id));
    expect(double.filter((key) => !ids.has(key.split(',')[0]!))).toEqual([]);
  }, 120_000);

  it('asks a server that hangs less and less, and the others go on', async () => {
    const hung = stack.apis[2]!;
    hung.freeze();
    const client = new Client(nginx.port);
    const statuses: number[] = [];
    const asking = Array.from({ length: 16 }, async (_, connection) => {
      for (let k = 0; k < 20; k++) {
        statuses.push((await client.infer({ text: `connection ${connection}, text ${k}` })).status);
      }
    });
    // Those that the hung one was given wait for it; with each it has more under way than the others, and gets no more.
    await until(() => statuses.length >= 160).finally(() => hung.resume());
    await Promise.all(asking);
    expect(statuses).toEqual(Array(16 * 20).fill(200));
    client.close();
  }, 60_000);

  /** Asks for the answer under a key until there is one. */
  async function ask(client: Client, key: string): Promise<Answer> {
    const final = async () => {
      const answer = await client.infer({ text: `asked under ${key}` }, { 'idempotency-key': key });
      return answer.status !== 409 && answer; // its first server holds the key until its lease is over
    };
    return until(final, { pollMs: 500 });
  }

  /** All that are asked meanwhile are answered, and told the same when they ask again. */
  async function killWhileAsked(client: Client, keys: readonly string[]): Promise<void> {
    const asking = Promise.all(keys.map((key) => ask(client, key)));
    await stack.apis[0]!.kill();
    const answers = await asking;
    expect(answers.map(({ status }) => status)).toEqual(keys.map(() => 200));
    const again = await Promise.all(keys.map((key) => ask(client, key)));
    const told = ({ json }: Answer) => [json['worker_id'], json['probabilities']];
    expect(again.map(({ json }) => json['idempotency_hit'])).toEqual(keys.map(() => true));
    expect(again.map(told)).toEqual(answers.map(told));
    await stack.apis[0]!.start();
  }

  it('answers once what comes with an idempotency key, although its server is killed', async () => {
    const client = new Client(nginx.port);
    const askedTwice = () => nginx.lines().filter(({ upstream_status }) => upstream_status.startsWith('502, ')).length;
    const before = askedTwice();
    // It may have had nothing in hand at that moment, so perhaps more than once.
    for (let round = 1; round <= 5 && askedTwice() === before; round++) {
      await killWhileAsked(
        client,
        Array.from({ length: 40 }, (_, k) => `round ${round}, key ${k}`),
      );
    }
    expect(askedTwice()).toBeGreaterThan(before);
    client.close();
  }, 120_000);
});
