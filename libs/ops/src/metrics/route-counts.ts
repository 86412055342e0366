import type { Counter, Gauge } from 'prom-client';
import type { ServiceLevels, TellableOutcome } from './service-levels.js';

/** Counts the requests of one route and method. */
export interface RouteMeter {
  started(): void;
  /** `told` is what is known of the outcome that the status does not say. */
  finished(status: number, seconds: number, told?: TellableOutcome): void;
}

/** A meter whose requests count for the objectives, too. */
export function underServiceLevels(meter: RouteMeter, levels: ServiceLevels): RouteMeter {
  return {
    started: () => meter.started(),
    finished: (status, seconds, told) => {
      meter.finished(status, seconds);
      levels.finished(status, seconds, told);
    },
  };
}

/** Labels of a route's series. */
export interface RouteLabels {
  method: string;
  path: string;
}

/** The requests of one route, as plain numbers. */
class CountedRoute implements RouteMeter {
  inProgress = 0;
  /** Answers by status since the last scrape; a status stays once it was seen. */
  readonly answers = new Map([[200, 0]]);

  constructor(
    readonly labels: RouteLabels,
    private readonly observe: (seconds: number) => void,
  ) {}

  started(): void {
    this.inProgress++;
  }

  finished(status: number, seconds: number): void {
    this.inProgress--;
    this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
    this.observe(seconds);
  }
}

/** Holds what is counted until a scrape asks: touching a labelled metric costs more than all the rest of counting. */
export class RouteCounts {
  private readonly routes: CountedRoute[] = [];

  add(labels: RouteLabels, observe: (seconds: number) => void): RouteMeter {
    const route = new CountedRoute(labels, observe);
    this.routes.push(route);
    return route;
  }

  /** Adds to the counter what was answered since it was last asked. */
  reportAnswers(counter: Counter): void {
    for (const { labels, answers } of this.routes) {
      for (const [status, count] of answers) {
        counter.inc({ ...labels, status: String(status) }, count);
        answers.set(status, 0);
      }
    }
  }

  /** Sets the gauge to what is under way. */
  reportInProgress(gauge: Gauge): void {
    this.routes.forEach(({ labels, inProgress }) => gauge.set({ ...labels }, inProgress));
  }
}
