import { LatencyHistogram } from './latency-histogram.js';
import type { OpenCounts } from './open-job.js';

/** How a request ended: with a status, or without. */
export type Ending = number | 'timed out' | 'failed';

/** Counts how requests end. */
export class OpenTally {
  private offered = 0;
  private timedOut = 0;
  private failed = 0;
  private readonly answers = new LatencyHistogram();
  private readonly refusals = new LatencyHistogram();

  arrive(): void {
    this.offered += 1;
  }

  end(ending: Ending, latencyMs: number): void {
    if (ending === 200) this.answers.record(latencyMs);
    else if (ending === 429 || ending === 503) this.refusals.record(latencyMs);
    else if (ending === 'timed out') this.timedOut += 1;
    else this.failed += 1;
  }

  counts(): OpenCounts {
    const { offered, timedOut, failed, answers, refusals } = this;
    return {
      offered,
      answered: answers.count,
      refused: refusals.count,
      timedOut,
      failed,
      answeredP50Ms: answers.percentileMs(0.5),
      answeredP99Ms: answers.percentileMs(0.99),
      refusedP50Ms: refusals.percentileMs(0.5),
      refusedP99Ms: refusals.percentileMs(0.99),
    };
  }
}
