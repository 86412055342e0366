import type { BreakerBus } from '../breaker/breaker-bus.js';
import type { Clock } from '../clock.js';
import { UnknownPolicyError } from '../resilience.errors.js';
import { Policy } from './policy.js';
import { PolicyFamily } from './policy-family.js';
import type { PolicyOptions } from './policy.options.js';
import type { PolicyObserver } from './policy-observer.js';
import { Watch } from './watch.js';

/** What the policies of a process are made from. */
export interface PoliciesOptions {
  /** One policy for each dependency, by name. */
  policies: Readonly<Record<string, PolicyOptions>>;
  /** Kinds of dependencies of which each member has a policy of its own, by name; all are treated alike. */
  families?: Readonly<Record<string, PolicyOptions>>;
  /** Name of this replica, as the others are told it. */
  workerId: string;
  /** Told what all policies do, each of them in turn. */
  observers?: readonly PolicyObserver[];
  clock?: Clock;
}

/** The named policies of a process. */
export class Policies {
  private readonly byName: ReadonlyMap<string, Policy>;
  private readonly familyByName: ReadonlyMap<string, PolicyFamily>;
  private readonly workerId: string;
  private bus: BreakerBus | undefined;

  constructor({ policies, families = {}, workerId, observers = [], clock }: PoliciesOptions) {
    this.workerId = workerId;
    const watch = new Watch(() => (clock ?? performance).now());
    const observer = toAll([{ onStateChange: (change) => this.tell(change) }, ...observers]);
    const context = { observer, watch, ...(clock && { clock }) };
    this.byName = new Map(
      Object.entries(policies).map(([name, options]) => [name, new Policy(name, options, context)]),
    );
    this.familyByName = new Map(
      Object.entries(families).map(([name, options]) => {
        const make = (member: string): Policy => new Policy(member, options, { ...context, dependency: name });
        return [name, new PolicyFamily(name, options, make)];
      }),
    );
  }

  /** A policy, or a member of a family by its full name. @throws {UnknownPolicyError} */
  get(name: string): Policy {
    const policy = this.find(name);
    if (!policy) throw new UnknownPolicyError(name, [...this.byName.keys(), ...this.familyByName.keys()]);
    return policy;
  }

  /** @throws {UnknownPolicyError} */
  family(name: string): PolicyFamily {
    const family = this.familyByName.get(name);
    if (!family) throw new UnknownPolicyError(name, [...this.familyByName.keys()]);
    return family;
  }

  families(): PolicyFamily[] {
    return [...this.familyByName.values()];
  }

  /** All policies, with those members of families that were asked for so far. */
  all(): Policy[] {
    return [...this.byName.values(), ...this.families().flatMap((family) => family.all())];
  }

  /** From now on openings are told to other replicas, and theirs are heard. */
  connect(bus: BreakerBus): void {
    this.bus = bus;
    // Its own, too, which changes nothing: that breaker is open.
    bus.subscribe(({ policy, workerId }) => this.find(policy)?.breaker?.probe(workerId));
  }

  private find(name: string): Policy | undefined {
    return this.byName.get(name) ?? this.all().find((policy) => policy.name === name);
  }

  /** Only the first opening is news: a breaker that probes in vain and opens again need not make others probe. */
  private tell({ policy, from, to }: { policy: string; from: string; to: string }): void {
    if (from === 'closed' && to === 'open') this.bus?.publish({ policy, workerId: this.workerId });
  }
}

/** One observer that tells all of these; nothing is called that none of them listens to. */
function toAll(observers: readonly PolicyObserver[]): PolicyObserver {
  const listening = (key: keyof PolicyObserver): PolicyObserver[] => observers.filter((observer) => observer[key]);
  const attempts = listening('onAttempt');
  const [only] = attempts;
  return {
    onStateChange: (change) => listening('onStateChange').forEach((observer) => observer.onStateChange?.(change)),
    onRejected: (policy, reason) =>
      listening('onRejected').forEach((observer) => observer.onRejected?.(policy, reason)),
    onRetry: (policy, retry) => listening('onRetry').forEach((observer) => observer.onRetry?.(policy, retry)),
    onRetryBudgetEmpty: (policy, operation) =>
      listening('onRetryBudgetEmpty').forEach((observer) => observer.onRetryBudgetEmpty?.(policy, operation)),
    onTimeout: (policy, stage) => listening('onTimeout').forEach((observer) => observer.onTimeout?.(policy, stage)),
    onFallback: (policy, error) => listening('onFallback').forEach((observer) => observer.onFallback?.(policy, error)),
    // The one that every call comes by.
    ...(only && {
      onAttempt: (policy, operation, seconds) => {
        for (const observer of attempts) observer.onAttempt?.(policy, operation, seconds);
      },
    }),
  };
}
