import { randomInt } from 'node:crypto';
import { describeWithRedis } from '../../../../scripts/test-support/redis.js';
import { seededRandom } from '../../../../scripts/test-support/seeded-random.js';
import { AuditStack } from '../support/audit-stack.js';
import { Chaos, type Victim } from '../support/chaos.js';
import { embeddedVictim, postgresVictim, redisVictim, serviceVictim } from '../support/chaos-victims.js';
import { NO_DIFFERENCES } from '../support/ledger-check.js';
import { LedgerClient } from '../support/ledger-client.js';

/** All kills of this file together; `make chaos` asks for more. */
const KILLS = Number(process.env['CHAOS_KILLS'] ?? 30);
const SEED = Number(process.env['CHAOS_SEED'] ?? randomInt(2 ** 31));
const PRODUCTION_KILLS = Math.ceil((KILLS * 2) / 3);
/** A slow machine takes longer over each, and what is left is shipped afterwards. */
const TIMEOUT_MS = KILLS * 10_000 + 180_000;

process.stderr.write(`CHAOS_SEED=${SEED} CHAOS_KILLS=${KILLS}\n`);

interface Scene {
  stack: AuditStack;
  victims: Victim[];
  kills: number;
  seed: number;
}

async function strikeUnderLoad({ stack, victims, kills, seed }: Scene): Promise<LedgerClient> {
  const client = new LedgerClient({ ports: stack.apis.map(({ port }) => port), hangsUp: true }).start();
  await client.waitForAnswers(50);
  await stack.waitForRows();
  const chaos = new Chaos(victims, { kills, random: seededRandom(seed) });
  await chaos.run();
  await Promise.all(stack.apis.map((api) => api.waitUntilReady()));
  await client.waitForAnswers(50);
  await client.stop();
  const told = { answers: client.statuses(), broken: client.unanswered.size, strikes: chaos.strikes };
  process.stderr.write(`seed ${seed}: ${JSON.stringify(told)}\n`);
  const struck = new Set(Object.keys(chaos.strikes).map((strike) => strike.replace(/^(kill|freeze) /, '')));
  expect(struck).toEqual(new Set(victims.map(({ name }) => name)));
  return client;
}

async function expectKept(stack: AuditStack, client: LedgerClient): Promise<void> {
  expect(await stack.settle([client], 120_000)).toEqual(NO_DIFFERENCES);
  const logs = stack.apis.flatMap((api) => api.logs());
  expect(logs.filter(({ message }) => /buffer full|unexpected failure/.test(message))).toEqual([]);
  expect(await stack.query('SELECT * FROM inference_log_dead_letters')).toEqual([]);
}

describeWithRedis('two servers, a worker, Redis and Postgres, each killed and frozen at random', () => {
  let stack: AuditStack;

  beforeAll(async () => {
    stack = await AuditStack.open({ redis: 'now', postgres: 'now' });
    const services = [
      await stack.api('api-1'),
      await stack.api('api-2', { AUDIT_DURABILITY: 'disk' }),
      await stack.worker('writer'),
    ];
    await Promise.all(services.map((service) => service.start()));
  }, 60_000);
  afterAll(() => stack.close());

  it(
    'leave exactly one row for every answer',
    async () => {
      const victims = [
        ...[...stack.apis, ...stack.workers].map(serviceVictim),
        redisVictim(stack.redis!),
        postgresVictim(stack.postgres!),
      ];
      const client = await strikeUnderLoad({ stack, victims, kills: PRODUCTION_KILLS, seed: SEED });
      await expectKept(stack, client);
      expect(await stack.verify([client])).toMatchObject({ code: 0 });
      expect(await Promise.all([...stack.apis, ...stack.workers].map((service) => service.stop()))).toEqual([0, 0, 0]);
      expect(stack.spools()).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

describe('a server that brings its own Postgres, both killed and frozen at random', () => {
  let stack: AuditStack;

  beforeAll(async () => {
    stack = await AuditStack.open();
    await (await stack.api('alone', { AUDIT_WHEN_FULL: 'refuse' })).start();
  }, 60_000);
  afterAll(() => stack.close());

  it(
    'leaves exactly one row for every answer',
    async () => {
      const victims = [...stack.apis.map(serviceVictim), embeddedVictim(stack)];
      const client = await strikeUnderLoad({ stack, victims, kills: KILLS - PRODUCTION_KILLS, seed: SEED + 1 });
      await expectKept(stack, client);
      expect(await stack.verify([client])).toMatchObject({ code: 0 });
      expect(await stack.apis[0]!.stop()).toBe(0);
      expect(stack.spools()).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
