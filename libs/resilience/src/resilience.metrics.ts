import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Breaker } from './breaker/breaker.js';
import { BREAKER_STATES, stateNumber, type BreakerState } from './breaker/breaker-state.js';
import type { BreakerTotals } from './breaker/breaker-stats.js';
import type { Policies } from './policy/policies.js';
import { retriedBy } from './policy/policy.options.js';
import type { Policy } from './policy/policy.js';
import type { PolicyObserver, RejectionReason, StateChange } from './policy/policy-observer.js';
import { sharedCounters, type SharedCounters } from './shared-metrics.js';

const WORST_FIRST: BreakerState[] = ['forced_open', 'open', 'half_open', 'forced_closed', 'closed'];
const REASONS: RejectionReason[] = ['bulkhead', 'circuit_open', 'deadline'];
const DURATION_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** One series of a histogram. */
export interface ObservedSeries {
  observe(value: number): void;
}

/** A histogram whose series are observed one by one. */
export interface HistogramOfSeries {
  /** The series with these labels, which exists from now on; it is asked for once. */
  series(labels: Readonly<Record<string, string>>): ObservedSeries;
}

/** Makes a registered histogram; each attempt is an observation, for which the client library's own, the default, takes 0.5 us. */
export type NewHistogram = (options: {
  name: string;
  help: string;
  buckets: number[];
  labelNames: string[];
}) => HistogramOfSeries;

function clientHistogram(registry: Registry): NewHistogram {
  return (options) => {
    const histogram = new Histogram({ ...options, registers: [registry] });
    return {
      series: (labels) => {
        histogram.zero(labels);
        return histogram.labels(labels);
      },
    };
  };
}

/** Counts what policies report, and reads their breakers at each scrape. */
export class ResilienceMetrics implements PolicyObserver {
  private readonly stateChanges: Counter<'dependency' | 'to'>;
  private readonly rejected: Counter<'dependency' | 'reason'>;
  private readonly budgetEmpty: Counter<'dependency'>;
  private readonly shared: SharedCounters;
  private readonly seconds: HistogramOfSeries;
  /** Members of a family come later than `watch`: their changes of state are put at 0 at a scrape. */
  private breakers: () => { name: string }[] = () => [];
  /** Series of `seconds` by dependency and operation. */
  private readonly observed = new Map<string, Map<string, ObservedSeries>>();

  constructor(
    private readonly registry: Registry,
    newHistogram = clientHistogram(registry),
  ) {
    const registers = [registry];
    this.shared = sharedCounters(registry);
    this.stateChanges = new Counter({
      name: 'circuit_breaker_state_changes_total',
      help: 'Times that a breaker entered a state',
      labelNames: ['dependency', 'to'],
      registers,
      collect: () => {
        for (const { name: dependency } of this.breakers()) {
          BREAKER_STATES.forEach((to) => this.stateChanges.inc({ dependency, to }, 0));
        }
      },
    });
    this.rejected = new Counter({
      name: 'policy_rejections_total',
      help: 'Calls that a policy refused before anything was attempted',
      labelNames: ['dependency', 'reason'],
      registers,
    });
    this.budgetEmpty = new Counter({
      name: 'retry_budget_exhausted_total',
      help: 'Attempts that were not made again because the retry budget was empty',
      labelNames: ['dependency'],
      registers,
    });
    this.seconds = newHistogram({
      name: 'dependency_duration_seconds',
      help: 'Time of attempts at a dependency',
      labelNames: ['dependency', 'operation'],
      buckets: DURATION_BUCKETS,
    });
  }

  /** Registers what is read of the policies, and puts every counter at 0. */
  watch(policies: Policies): void {
    this.breakers = () => breakersOf(policies);
    for (const { name: dependency, stage, retried } of dependenciesOf(policies)) {
      REASONS.forEach((reason) => this.rejected.inc({ dependency, reason }, 0));
      this.budgetEmpty.inc({ dependency }, 0);
      retried.forEach((operation) => this.shared.retries.inc({ operation }, 0));
      for (const part of ['', '.bulkhead', '.retry']) this.shared.timeouts.inc({ stage: stage + part }, 0);
      this.secondsOf(dependency, dependency);
    }
    this.watchStates(policies);
    this.total(policies, 'successes', 'Attempts that succeeded', 'succeeded');
    this.total(policies, 'failures', 'Attempts that failed', 'failed');
    this.total(policies, 'slow_calls', 'Attempts that were slow', 'slow');
    this.gauge(policies, 'policy_running_calls', 'Calls under way in a bulkhead', 'running');
    this.gauge(policies, 'policy_waiting_calls', 'Calls that wait for a place in a bulkhead', 'waiting');
  }

  onStateChange({ policy, dependency, to }: Pick<StateChange, 'policy' | 'dependency' | 'to'>): void {
    this.stateChanges.inc({ dependency, to });
    if (policy !== dependency) this.stateChanges.inc({ dependency: policy, to });
  }

  onRejected(dependency: string, reason: RejectionReason): void {
    this.rejected.inc({ dependency, reason });
  }

  onRetry(_policy: string, { operation }: { operation: string }): void {
    this.shared.retries.inc({ operation });
  }

  onRetryBudgetEmpty(dependency: string): void {
    this.budgetEmpty.inc({ dependency });
  }

  onTimeout(_policy: string, stage: string): void {
    this.shared.timeouts.inc({ stage });
  }

  onAttempt(dependency: string, operation: string, seconds: number): void {
    this.secondsOf(dependency, operation).observe(seconds);
  }

  private secondsOf(dependency: string, operation: string): ObservedSeries {
    const operations = this.observed.get(dependency) ?? new Map<string, ObservedSeries>();
    const known = operations.get(operation);
    if (known) return known;
    const series = this.seconds.series({ dependency, operation });
    this.observed.set(dependency, operations.set(operation, series));
    return series;
  }

  private watchStates(policies: Policies): void {
    const state: Gauge<'dependency'> = new Gauge({
      name: 'circuit_breaker_state',
      help: '0 closed, 1 open, 2 half-open',
      labelNames: ['dependency'],
      registers: [this.registry],
      collect: () => {
        for (const { name, states } of breakersOf(policies))
          state.set({ dependency: name }, stateNumber(worst(states)));
      },
    });
    const info: Gauge<'dependency' | 'state'> = new Gauge({
      name: 'circuit_breaker_state_info',
      help: '1 for the state that the breaker is in, 0 for the others',
      labelNames: ['dependency', 'state'],
      registers: [this.registry],
      collect: () => {
        for (const { name, states } of breakersOf(policies)) {
          BREAKER_STATES.forEach((each) => info.set({ dependency: name, state: each }, Number(worst(states) === each)));
        }
      },
    });
  }

  /** A counter that a breaker keeps itself: touching a labelled metric in each call would cost more than the call. */
  private total(policies: Policies, name: string, help: string, key: keyof BreakerTotals): void {
    const counter: Counter<'dependency'> = new Counter({
      name: `circuit_breaker_${name}_total`,
      help,
      labelNames: ['dependency'],
      registers: [this.registry],
      collect: () => {
        counter.reset();
        for (const { name: dependency, breakers } of breakersOf(policies)) {
          counter.inc({ dependency }, 0);
          for (const breaker of breakers) counter.inc({ dependency }, breaker.stats()[key]);
        }
      },
    });
  }

  private gauge(policies: Policies, name: string, help: string, key: 'running' | 'waiting'): void {
    const gauge: Gauge<'dependency'> = new Gauge({
      name,
      help,
      labelNames: ['dependency'],
      registers: [this.registry],
      collect: () => {
        for (const { name: dependency, members } of dependenciesOf(policies)) {
          gauge.set(
            { dependency },
            members.reduce((sum, policy) => sum + policy[key], 0),
          );
        }
      },
    });
  }
}

interface Dependency {
  name: string;
  stage: string;
  /** Operations that are retried. */
  retried: readonly string[];
  members: Policy[];
  hasBreaker: boolean;
}

/** What metrics call a dependency: a policy that stands alone, or a family with all its members. */
function dependenciesOf(policies: Policies): Dependency[] {
  const families = policies.families();
  const names = new Set(families.map(({ name }) => name));
  const alone = policies.all().filter(({ dependency }) => !names.has(dependency));
  return [
    ...alone.map((policy) => {
      const { name, stage, breaker, retried } = policy;
      return { name, stage, retried, members: [policy], hasBreaker: breaker !== undefined };
    }),
    ...families.map((family) => {
      const { name, options } = family;
      const { stage = name, breaker } = options;
      return {
        name,
        stage,
        retried: retriedBy(name, options),
        members: family.all(),
        hasBreaker: breaker !== undefined,
      };
    }),
  ];
}

/** The breakers of each dependency together, and of each member of a family by itself. */
function breakersOf(policies: Policies): { name: string; breakers: Breaker[]; states: BreakerState[] }[] {
  const dependencies = dependenciesOf(policies).filter(({ hasBreaker }) => hasBreaker);
  const single = dependencies.flatMap(({ name, members }) =>
    members.filter((policy) => policy.name !== name).map((policy) => ({ name: policy.name, members: [policy] })),
  );
  return [...dependencies, ...single].map(({ name, members }) => {
    const breakers = members.flatMap(({ breaker }) => (breaker ? [breaker] : []));
    return { name, breakers, states: breakers.map(({ state }) => state) };
  });
}

function worst(states: readonly BreakerState[]): BreakerState {
  return WORST_FIRST.find((state) => states.includes(state)) ?? 'closed';
}
