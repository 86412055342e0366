import { cacheRedis } from '@app/cache';
import { MemoryRateLimiter, Policies, type RateLimiter, RedisRateLimiter } from '@app/resilience';
import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { RedisServer } from '../servers/redis-server.js';
import { number, table, withSpread } from '../markdown.js';
import { atMost, type Verdict } from '../requirements.js';
import { type Spread, spreadOf } from '../summary.js';

/** As many tenants as one client may think up, and ten times as many. */
const TENANTS = [10, 100_000, 1_000_000];
const [FEW, MANY, TOO_MANY] = TENANTS as [number, number, number];
/** Nobody comes near it, so that every decision is made in full. */
const RULE = { perSecond: 1000, burst: 1_000_000 };
const CALLERS = 64;
/** Of no account beside the request itself. */
const MOST_US = { memory: 1, Redis: 5 };
const MOST_MB = { memory: 40, Redis: 80 };
const MOST_ENTRIES = 200_000;

/** Where the buckets are kept. */
export type Form = 'memory' | 'Redis';

/** What so many tenants cost. */
export interface TenantCost {
  form: Form;
  tenants: number;
  /** CPU time of one decision in us, over the rounds. */
  decision: Spread;
  /** What the heap has grown by, in MB. */
  heapMb: number;
  /** Tenants that are remembered. */
  remembered: number;
}

/** How many decisions, how often. */
export interface TenantPlan {
  rounds: number;
  decisions: number;
}

/** Makes decisions for few and for many tenants, in this process and with a Redis that replicas would share. */
export async function tenantCosts(plan: TenantPlan, logFolder: string): Promise<TenantCost[]> {
  const server = await RedisServer.start(logFolder, 'redis-rate-limits', {});
  const redis = cacheRedis(server.url);
  try {
    await once(redis, 'ready');
    const policies = new Policies({ policies: { redis: {} }, workerId: 'bench', observers: [] });
    const found: TenantCost[] = [];
    for (const tenants of TENANTS) {
      found.push(await costOf('memory', tenants, plan, () => new MemoryRateLimiter({ rule: RULE })));
    }
    for (const tenants of [FEW, MANY]) {
      const make = () => new RedisRateLimiter(redis, policies.get('redis'), { rule: RULE, keyPrefix: `${tenants}:` });
      found.push(await costOf('Redis', tenants, plan, make));
    }
    return found;
  } finally {
    redis.disconnect();
    await server.stop();
  }
}

type Counting = RateLimiter & { readonly tenants: number };

async function costOf(form: Form, tenants: number, plan: TenantPlan, make: () => Counting): Promise<TenantCost> {
  const names = Array.from({ length: tenants }, (_, k) => `tenant-${k}`);
  await decide(make(), names.slice(0, 1000), plan.decisions); // compiles it
  const heapBefore = heapMb();
  const limiter = make();
  await decide(limiter, names, tenants); // everybody once, so that all are known that can be
  const grown = heapMb() - heapBefore;
  const us: number[] = [];
  for (let round = 0; round < plan.rounds; round += 1) {
    const before = process.cpuUsage();
    await decide(limiter, names, plan.decisions);
    const { user, system } = process.cpuUsage(before);
    us.push((user + system) / plan.decisions);
  }
  return { form, tenants, decision: spreadOf(us), heapMb: grown, remembered: limiter.tenants };
}

/** Tenants in an order that no cache of the processor knows; so many callers wait at a time for those that ask Redis. */
async function decide(limiter: RateLimiter, names: readonly string[], decisions: number): Promise<void> {
  const step = 7919; // prime: every tenant has its turn
  let waiting: Promise<unknown>[] = [];
  for (let k = 0; k < decisions; k += 1) {
    const decision = limiter.take(names[(k * step) % names.length]!);
    if (decision instanceof Promise) waiting.push(decision);
    if (waiting.length < CALLERS && k % 1000 !== 999) continue;
    await Promise.all(waiting);
    await new Promise(setImmediate); // what is asked ahead is answered
    waiting = [];
  }
  await Promise.all(waiting);
}

function heapMb(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed / 1e6;
}

/** Holds what many tenants cost against what is promised. */
export function judgeTenants(found: readonly TenantCost[]): Verdict[] {
  const most = found.find(({ tenants, form }) => tenants === TOO_MANY && form === 'memory')!;
  const many = found.filter(({ tenants }) => tenants === MANY);
  return [
    ...many.flatMap(({ form, decision, heapMb: grown }) => [
      atMost(`a decision with ${MANY} tenants in ${form}`, decision.median, MOST_US[form], 'us'),
      atMost(`memory of ${MANY} tenants in ${form}`, grown, MOST_MB[form], 'MB'),
    ]),
    atMost(`tenants remembered of ${TOO_MANY}`, most.remembered, MOST_ENTRIES, 'tenants'),
  ];
}

/** The costs as a table. */
export function renderTenants(found: readonly TenantCost[]): string {
  return table(
    ['buckets in', 'tenants', 'CPU us a decision (min..max)', 'heap MB', 'remembered'],
    found.map(({ form, tenants, decision, heapMb: grown, remembered }) => {
      return [form, tenants, withSpread(decision), number(grown), remembered];
    }),
  );
}
