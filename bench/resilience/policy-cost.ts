import { Policies, type Policy, type PolicyOptions, ResilienceMetrics } from '@app/resilience';
import { Registry } from 'prom-client';
import { table, withSpread } from '../markdown.js';
import { atMost, type Verdict } from '../requirements.js';
import { type Spread, spreadOf } from '../summary.js';

const WITH_EVERYTHING: PolicyOptions = {
  bulkhead: { maxConcurrent: 64, maxWaiting: 64 },
  timeoutMs: 10_000,
  retry: {},
  breaker: {},
};
const DEADLINE_MS = 30_000;
const MOST_US = 3;

/** How many calls, how often. */
export interface PolicyPlan {
  rounds: number;
  calls: number;
}

/** CPU time of one call in us, over the rounds. */
export interface PolicyCost {
  direct: Spread;
  policy: Spread;
  /** What a call costs more with the policy around it than without. */
  added: Spread;
}

/** Calls a function that resolves at once, directly and through a policy with all its parts, in turns. */
export async function policyCost({ rounds, calls }: PolicyPlan): Promise<PolicyCost> {
  const work = async () => 42;
  const policy = policyWithEverything();
  const call = { signal: new AbortController().signal };
  const direct = () => work();
  const through = () => policy.execute(work, { ...call, deadlineMs: performance.now() + DEADLINE_MS });
  for (const warm of [direct, through]) await cpuUs(warm, calls);
  const results: { direct: number; policy: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const before = await cpuUs(direct, calls);
    const measured = await cpuUs(through, calls);
    const after = await cpuUs(direct, calls);
    results.push({ direct: (before + after) / 2, policy: measured });
  }
  return {
    direct: spreadOf(results.map((round) => round.direct)),
    policy: spreadOf(results.map((round) => round.policy)),
    added: spreadOf(results.map((round) => round.policy - round.direct)),
  };
}

/** Metrics included, as the server has it. */
function policyWithEverything(): Policy {
  const observers = [new ResilienceMetrics(new Registry())];
  return new Policies({ policies: { model: WITH_EVERYTHING }, workerId: 'bench', observers }).get('model');
}

/** CPU time of the whole process, the garbage collector's and the compiler's included, for each call. */
async function cpuUs(call: () => Promise<unknown>, calls: number): Promise<number> {
  const before = process.cpuUsage();
  for (let done = 0; done < calls; done += 1) await call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

/** Holds the cost against what is promised. */
export function judgePolicy({ added }: Pick<PolicyCost, 'added'>): Verdict[] {
  return [atMost('one call through a policy with all its parts', added.median, MOST_US, 'us')];
}

/** The cost as a table. */
export function renderPolicy({ direct, policy, added }: PolicyCost): string {
  return table(
    ['call', 'CPU us (min..max)'],
    [
      ['directly', withSpread(direct)],
      ['through bulkhead, deadline, retry, breaker and metrics', withSpread(policy)],
      ['difference', withSpread(added)],
    ],
  );
}
