import * as fc from 'fast-check';
import { VirtualClock } from '../../test-support/virtual-clock.js';
import { CallCancelledError, CircuitOpenError } from '../resilience.errors.js';
import { Breaker } from './breaker.js';
import type { BreakerState } from './breaker-state.js';

const OPTIONS = {
  failureThreshold: 3,
  minimumCalls: Infinity, // rates are tested beside it
  openMs: 1000,
  halfOpenCalls: 3,
  successThreshold: 2,
  trialTimeoutMs: 500,
};

type Outcome = 'succeed' | 'fail' | 'cancel';
type Step =
  | { do: 'begin' | 'forceOpen' | 'forceClosed' | 'reset' | 'probe' }
  | { do: 'end'; which: number; outcome: Outcome }
  | { do: 'wait'; ms: number };

/** What docs/resilience.md says of a breaker, as plainly as can be. */
class Model {
  state: BreakerState = 'closed';
  /** Calls that began in another one say nothing about this one. */
  era = {};
  private failuresInARow = 0;
  private successes = 0;
  private trials: { sinceMs: number }[] = [];
  private openUntilMs = 0;

  /** Time alone changes no more than this. */
  look(nowMs: number): void {
    if (this.state === 'open' && nowMs >= this.openUntilMs) this.enter('half_open', nowMs);
    else if (this.state === 'half_open' && this.trials.some(({ sinceMs }) => nowMs >= sinceMs + OPTIONS.trialTimeoutMs))
      this.enter('open', nowMs);
  }

  enter(state: BreakerState, nowMs: number): void {
    Object.assign(this, { state, era: {}, failuresInARow: 0, successes: 0, trials: [] });
    this.openUntilMs = nowMs + OPTIONS.openMs;
  }

  /** Gives what is to be told when the call ends, or undefined when it is refused. */
  begin(nowMs: number): ((outcome: Outcome, nowMs: number) => void) | undefined {
    this.look(nowMs);
    const isFull = this.state === 'half_open' && this.trials.length + this.successes >= OPTIONS.halfOpenCalls;
    if (isFull || this.state === 'open' || this.state === 'forced_open') return undefined;
    const { era } = this;
    const trial = { sinceMs: nowMs };
    this.trials.push(trial);
    return (outcome, endMs) => {
      if (era !== this.era) return;
      this.trials = this.trials.filter((other) => other !== trial);
      if (outcome !== 'cancel') this.judge(outcome === 'fail', endMs);
    };
  }

  private judge(isFailure: boolean, nowMs: number): void {
    if (this.state === 'closed') {
      this.failuresInARow = isFailure ? this.failuresInARow + 1 : 0;
      if (this.failuresInARow >= OPTIONS.failureThreshold) this.enter('open', nowMs);
    } else if (this.state === 'half_open') {
      if (isFailure) this.enter('open', nowMs);
      else if (++this.successes >= OPTIONS.successThreshold) this.enter('closed', nowMs);
    }
  }
}

/** The breaker and the model side by side. */
class Pair {
  readonly clock = new VirtualClock();
  readonly breaker = new Breaker('redis', OPTIONS, { clock: this.clock });
  readonly model = new Model();
  private readonly running: { end: (outcome: Outcome) => Promise<void> }[] = [];
  private started = 0;
  private admitted = 0;
  private refused = 0;

  async take(step: Step): Promise<void> {
    const { nowMs } = this.clock;
    switch (step.do) {
      case 'begin':
        return this.begin();
      case 'end':
        return this.running.splice(step.which % this.running.length || 0, 1)[0]?.end(step.outcome);
      case 'wait':
        return this.clock.advance(step.ms);
      case 'probe':
        this.model.look(nowMs);
        if (this.model.state === 'closed') this.model.enter('half_open', nowMs);
        return this.breaker.probe('b');
      default:
        this.model.enter(
          ({ forceOpen: 'forced_open', forceClosed: 'forced_closed', reset: 'closed' } as const)[step.do],
          nowMs,
        );
        return this.breaker[step.do]();
    }
  }

  /** What is seen of the breaker, and what should be. */
  compare(): { seen: unknown[]; expected: unknown[] } {
    this.model.look(this.clock.nowMs);
    const { breaker, model, started, admitted, refused } = this;
    return { seen: [breaker.state, started, breaker.stats().rejected], expected: [model.state, admitted, refused] };
  }

  private async begin(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const start = () => {
      this.started++;
      return promise;
    };
    const ended = this.breaker.run({ start }).catch((error: unknown) => error);
    const tell = this.model.begin(this.clock.nowMs);
    if (!tell) {
      this.refused += (await ended) instanceof CircuitOpenError ? 1 : 0;
      return;
    }
    this.admitted++;
    const end = async (outcome: Outcome) => {
      if (outcome === 'succeed') resolve();
      else reject(outcome === 'fail' ? new Error('no') : new CallCancelledError('redis'));
      await ended;
      tell(outcome, this.clock.nowMs);
    };
    this.running.push({ end });
  }
}

describe('Breaker, with calls that overlap', () => {
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 24, arbitrary: fc.constant({ do: 'begin' } as const) },
    {
      weight: 24,
      arbitrary: fc.record({
        do: fc.constant('end' as const),
        which: fc.nat(20),
        outcome: fc.constantFrom<Outcome>('fail', 'fail', 'fail', 'succeed', 'succeed', 'cancel'),
      }),
    },
    {
      weight: 12,
      arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 499, 500, 999, 1000) }),
    },
    { weight: 3, arbitrary: fc.constantFrom<Step>({ do: 'probe' }, { do: 'reset' }) },
    { weight: 1, arbitrary: fc.constantFrom<Step>({ do: 'forceOpen' }, { do: 'forceClosed' }) },
  );

  it('agrees with a simple model whatever begins, ends, and comes late', async () => {
    const seen = new Set<BreakerState>();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 100 }), async (steps) => {
        const pair = new Pair();
        for (const each of steps) {
          await pair.take(each);
          const { seen: states, expected } = pair.compare();
          expect(states).toEqual(expected);
          seen.add(pair.model.state);
        }
      }),
      { numRuns: 500 },
    );
    expect(seen.size).toBe(5);
  });
});
