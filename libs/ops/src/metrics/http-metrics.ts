import { Injectable, type Provider } from '@nestjs/common';
import {
  InjectMetric,
  makeCounterProvider,
  makeGaugeProvider,
  makeHistogramProvider,
} from '@willsoto/nestjs-prometheus';
import type { Counter, Gauge, Histogram } from 'prom-client';

/** Who a route is for; part of the path label, so that a query can leave probes out. */
export type RouteClass = 'public' | 'internal' | 'admin' | 'system';

/** Counts the requests of one route and method. */
export interface RouteMeter {
  started(): void;
  finished(status: number, seconds: number): void;
}

/** Providers of the `http_*` metrics. */
export const httpMetricProviders: Provider[] = [
  makeCounterProvider({
    name: 'http_requests_total',
    help: 'HTTP requests answered, by method, "{route}|{class}" and status; 499: the client left first.',
    labelNames: ['method', 'path', 'status'],
  }),
  makeHistogramProvider({
    name: 'http_request_duration_seconds',
    help: 'Time from the request line to the end of the answer.',
    labelNames: ['method', 'path'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  }),
  makeGaugeProvider({
    name: 'http_requests_in_progress',
    help: 'HTTP requests received and not yet answered.',
    labelNames: ['method', 'path'],
  }),
];

/**
 * Counts HTTP requests. A route's meter is made once, when the route is registered, so that a path
 * nobody registered never makes a series and the hot path touches bound children only.
 */
@Injectable()
export class HttpMetrics {
  constructor(
    @InjectMetric('http_requests_total') private readonly requests: Counter,
    @InjectMetric('http_request_duration_seconds') private readonly duration: Histogram,
    @InjectMetric('http_requests_in_progress') private readonly inProgress: Gauge,
  ) {}

  /** The meter of one route and method; `route` is the registered pattern, never the path asked for. */
  meter(method: string, route: string, routeClass: RouteClass): RouteMeter {
    const path = `${route}|${routeClass}`;
    const inProgress = this.inProgress.labels(method, path);
    const duration = this.duration.labels(method, path);
    const byStatus = new Map<number, Counter.Internal>();
    const answeredWith = (status: number): Counter.Internal => {
      let counter = byStatus.get(status);
      if (!counter) {
        counter = this.requests.labels(method, path, String(status));
        byStatus.set(status, counter);
      }
      return counter;
    };
    inProgress.set(0);
    this.duration.zero({ method, path });
    answeredWith(200).inc(0);
    return {
      started: () => inProgress.inc(),
      finished: (status, seconds) => {
        inProgress.dec();
        duration.observe(seconds);
        answeredWith(status).inc();
      },
    };
  }
}
