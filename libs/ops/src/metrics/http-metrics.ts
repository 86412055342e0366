import { Injectable, type Provider } from '@nestjs/common';
import { InjectMetric, makeCounterProvider, makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import type { Counter, Gauge } from 'prom-client';
import { RouteCounts, type RouteMeter } from './route-counts.js';
import { makeSeriesHistogramProvider, SeriesHistogram } from './series-histogram.js';

/** Who a route is for; part of the path label, so that a query can leave probes out. */
export type RouteClass = 'public' | 'internal' | 'admin' | 'system';

/** Providers of the `http_*` metrics. */
export const httpMetricProviders: Provider[] = [
  RouteCounts,
  makeCounterProvider({
    name: 'http_requests_total',
    help: 'HTTP requests answered, by method, "{route}|{class}" and status; 499: the client left first.',
    labelNames: ['method', 'path', 'status'],
    inject: [RouteCounts],
    collect(this: Counter, counts: RouteCounts) {
      counts.reportAnswers(this);
    },
  }),
  makeSeriesHistogramProvider({
    name: 'http_request_duration_seconds',
    help: 'Time from the request line to the end of the answer.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  }),
  makeGaugeProvider({
    name: 'http_requests_in_progress',
    help: 'HTTP requests received and not yet answered.',
    labelNames: ['method', 'path'],
    inject: [RouteCounts],
    collect(this: Gauge, counts: RouteCounts) {
      counts.reportInProgress(this);
    },
  }),
];

/**
 * Counts HTTP requests. A route's meter is made once, when the route is registered, so that a path
 * nobody registered never makes a series.
 */
@Injectable()
export class HttpMetrics {
  constructor(
    private readonly counts: RouteCounts,
    @InjectMetric('http_request_duration_seconds') private readonly duration: SeriesHistogram,
  ) {}

  /** The meter of one route and method; `route` is the registered pattern, never the path asked for. */
  meter(method: string, route: string, routeClass: RouteClass): RouteMeter {
    const labels = { method, path: `${route}|${routeClass}` };
    const duration = this.duration.series(labels);
    return this.counts.add(labels, (seconds) => duration.observe(seconds));
  }
}
