import { Injectable, type Provider } from '@nestjs/common';
import { InjectMetric, makeCounterProvider, makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import { makeSeriesHistogramProvider, SeriesHistogram, type HistogramSeries } from '@app/ops';
import { ResilienceError, sharedCounters } from '@app/resilience';
import { register, type Counter, type Gauge } from 'prom-client';
import { DEGRADING_ERROR_CODES, HTTP_ERRORS, INFERENCE_ERROR_CODES } from '../http-errors.js';
import { failureOf } from '../http/problem.js';
import { DEGRADED_MODES } from './infer.schema.js';
import { RecentDurations } from './recent-durations.js';
import type { Circumstances } from './rendered.js';

const QUANTILES = [0.5, 0.9, 0.95, 0.99];

/** The durations that the quantiles are taken of. */
const recent = new RecentDurations(4096);

/** Providers of the `inference_*` metrics of the HTTP door. */
export const inferMetricProviders: Provider[] = [
  makeCounterProvider({
    name: 'inference_requests_total',
    help: 'Texts answered (status success) and requests the server failed (status error).',
    labelNames: ['status', 'cache_hit'],
  }),
  makeCounterProvider({
    name: 'inference_errors_total',
    help: 'Requests that ended without an answer from the model, by error code.',
    labelNames: ['error_type'],
  }),
  makeSeriesHistogramProvider({
    name: 'inference_duration_seconds',
    help: 'Time from the request line to the answer, by whether it came from the cache.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  }),
  makeCounterProvider({
    name: 'degraded_total',
    help: 'Texts answered by less than a fresh answer, by the error that a fresh one would have been.',
    labelNames: ['mode', 'reason'],
  }),
  makeGaugeProvider({
    name: 'inference_duration_seconds_quantile',
    help: 'Quantiles of the latest 4096 answers.',
    labelNames: ['quantile'],
    collect(this: Gauge) {
      // Quantiles are those of a summary, or promtool objects; the client library's own would work on every answer.
      Object.assign(this, { type: 'summary' });
      const seconds = recent.quantiles(QUANTILES);
      QUANTILES.forEach((quantile, k) => this.set({ quantile: String(quantile) }, seconds[k] ?? 0));
    },
  }),
];

/** Where an answer came from, as the label `cache_hit` has it. */
const ORIGINS = ['False', 'True', 'idempotency'] as const;
/** Where time can run out besides in a policy, which counts that itself. */
const STAGES = ['queue', 'inference', 'cache'] as const;

/** Counts answers and failures; every series exists at 0 from the start. */
@Injectable()
export class InferMetrics {
  private readonly error: Counter.Internal;
  private readonly success: Record<(typeof ORIGINS)[number], Counter.Internal>;
  private readonly timeouts = sharedCounters(register).timeouts;
  private readonly duration: Record<(typeof ORIGINS)[number], HistogramSeries>;

  constructor(
    @InjectMetric('inference_requests_total') requests: Counter,
    @InjectMetric('inference_errors_total') private readonly errors: Counter,
    @InjectMetric('inference_duration_seconds') duration: SeriesHistogram,
    @InjectMetric('degraded_total') private readonly degraded: Counter,
  ) {
    this.error = requests.labels('error', 'false');
    this.success = byOrigin((origin) => requests.labels('success', origin));
    this.duration = byOrigin((origin) => duration.series({ cache_hit: origin }));
    [this.error, ...Object.values(this.success)].forEach((counter) => counter.inc(0));
    INFERENCE_ERROR_CODES.forEach((code) => errors.labels(code).inc(0));
    STAGES.forEach((stage) => this.timeouts.inc({ stage }, 0));
    for (const mode of DEGRADED_MODES) {
      DEGRADING_ERROR_CODES.forEach((reason) => degraded.inc({ mode, reason }, 0));
    }
  }

  answered(answer: Circumstances): void {
    const origin = answer.idempotency_hit ? 'idempotency' : answer.cache_hit ? 'True' : 'False';
    const seconds = answer.processing_time_ms / 1000;
    this.success[origin].inc();
    this.duration[origin].observe(seconds);
    recent.add(seconds);
    if (answer.mode !== 'fresh') {
      this.degraded.inc({ mode: answer.mode, reason: answer.degraded_reason });
    }
  }

  /** A caller's mistake and a caller's leaving are counted by code, but are no errors of the service. */
  failed(error: unknown): void {
    const { code, stage } = failureOf(error);
    this.errors.labels(code).inc();
    if (stage !== undefined && !(error instanceof ResilienceError)) {
      this.timeouts.inc({ stage });
    }
    if (HTTP_ERRORS[code].status >= 500) {
      this.error.inc();
    }
  }
}

function byOrigin<T>(make: (origin: (typeof ORIGINS)[number]) => T): Record<(typeof ORIGINS)[number], T> {
  return { False: make('False'), True: make('True'), idempotency: make('idempotency') };
}
