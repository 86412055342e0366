/** What became of a request, as the objective of availability sees it. */
export type ServiceOutcome = 'good' | TellableOutcome;

/** What a status does not say: the answer is less than a fresh one, or the refusal is the server's own doing. */
export type TellableOutcome = 'degraded' | 'bad';

/** What users are promised, as shares of their requests. */
export interface ServiceObjectives {
  /** Share that is answered, degraded answers included. */
  availability: number;
  /** Share of the answers that take no longer than `thresholdSeconds`. */
  latency: number;
  thresholdSeconds: number;
}

/**
 * Counts requests against the objectives, as plain numbers: a request costs some nanoseconds. What is a caller's own doing, a
 * status below 500 that is no answer, counts for neither objective.
 */
export class ServiceLevels {
  private readonly outcomes: Record<ServiceOutcome, number> = { good: 0, degraded: 0, bad: 0 };
  private answersInTime = 0;
  private answersLate = 0;

  constructor(readonly objectives: ServiceObjectives) {}

  /** Counts a request that has ended; `told` is what the status does not say. */
  finished(status: number, seconds: number, told?: TellableOutcome): void {
    if (status < 300) {
      this.outcomes[told ?? 'good']++;
      if (seconds <= this.objectives.thresholdSeconds) this.answersInTime++;
      else this.answersLate++;
    } else if (status >= 500 || told === 'bad') {
      this.outcomes.bad++;
    }
  }

  /** How many requests ended how, for each objective. */
  counts(): { availability: Record<ServiceOutcome, number>; latency: { good: number; bad: number } } {
    return {
      availability: { ...this.outcomes },
      latency: { good: this.answersInTime, bad: this.answersLate },
    };
  }

  /** Share of the misses that the objective allows which is not used up: 1 with none, below 0 when the objective is missed. */
  budgetRemaining(): { availability: number; latency: number } {
    const { availability, latency } = this.counts();
    const { availability: answered, latency: inTime } = this.objectives;
    return {
      availability: remaining(availability.bad, availability.good + availability.degraded + availability.bad, answered),
      latency: remaining(latency.bad, latency.good + latency.bad, inTime),
    };
  }
}

function remaining(bad: number, all: number, objective: number): number {
  return all === 0 ? 1 : 1 - bad / (all * (1 - objective));
}
