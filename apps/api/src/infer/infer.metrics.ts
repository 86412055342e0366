import { Injectable, type Provider } from '@nestjs/common';
import {
  InjectMetric,
  makeCounterProvider,
  makeGaugeProvider,
  makeHistogramProvider,
} from '@willsoto/nestjs-prometheus';
import type { Counter, Gauge, Histogram } from 'prom-client';
import { HTTP_ERRORS, INFERENCE_ERROR_CODES } from '../http-errors.js';
import { failureOf } from '../http/problem.js';
import { RecentDurations } from './recent-durations.js';

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
  makeHistogramProvider({
    name: 'inference_duration_seconds',
    help: 'Time from the request line to the answer, by whether it came from the cache.',
    labelNames: ['cache_hit'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
  }),
  makeGaugeProvider({
    name: 'inference_duration_seconds_quantile',
    help: 'Quantiles of the latest 4096 answers.',
    labelNames: ['quantile'],
    collect(this: Gauge) {
      QUANTILES.forEach((quantile) => this.set({ quantile: String(quantile) }, recent.quantile(quantile)));
    },
  }),
];

/** Counts answers and failures; every series exists at 0 from the start. */
@Injectable()
export class InferMetrics {
  private readonly success: Counter.Internal;
  private readonly error: Counter.Internal;
  private readonly duration: Histogram.Internal<string>;

  constructor(
    @InjectMetric('inference_requests_total') requests: Counter,
    @InjectMetric('inference_errors_total') private readonly errors: Counter,
    @InjectMetric('inference_duration_seconds') duration: Histogram,
  ) {
    this.success = requests.labels('success', 'False');
    this.error = requests.labels('error', 'false');
    this.duration = duration.labels('False');
    duration.zero({ cache_hit: 'False' });
    [this.success, this.error].forEach((counter) => counter.inc(0));
    INFERENCE_ERROR_CODES.forEach((code) => errors.labels(code).inc(0));
  }

  answered(seconds: number): void {
    this.success.inc();
    this.duration.observe(seconds);
    recent.add(seconds);
  }

  /** A caller's mistake and a caller's leaving are counted by code, but are no errors of the service. */
  failed(error: unknown): void {
    const { code } = failureOf(error);
    this.errors.labels(code).inc();
    if (HTTP_ERRORS[code].status >= 500) {
      this.error.inc();
    }
  }
}
