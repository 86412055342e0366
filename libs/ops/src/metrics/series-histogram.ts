import { getToken } from '@willsoto/nestjs-prometheus';
import type { Provider } from '@nestjs/common';
import { register, type Metric, type Registry } from 'prom-client';

/** Labels of one series. */
export type SeriesLabels = Readonly<Record<string, string>>;

/** What a histogram is called, and how fine it is. */
export interface SeriesHistogramOptions {
  name: string;
  help: string;
  /** Upper bounds, ascending. */
  buckets: readonly number[];
}

/** One series of a histogram, as plain numbers. */
export class HistogramSeries {
  /** Observations by bucket; the last ones are above all bounds. */
  readonly counts: number[];
  sum = 0;

  constructor(
    readonly labels: SeriesLabels,
    private readonly bounds: readonly number[],
  ) {
    this.counts = Array<number>(bounds.length + 1).fill(0);
  }

  /** @param value a finite number */
  observe(value: number): void {
    let bucket = 0;
    while (bucket < this.bounds.length && value > this.bounds[bucket]!) bucket++;
    this.counts[bucket]!++;
    this.sum += value;
  }
}

/**
 * A histogram whose series are known to who observes into them: for the way of every request, because the client library's own looks up
 * labels and bucket by name for each observation, which takes it eight times as long. To a registry it is like any other.
 */
export class SeriesHistogram {
  readonly name: string;
  private readonly made = new Map<string, HistogramSeries>();

  constructor(
    private readonly options: SeriesHistogramOptions,
    registry: Registry = register,
  ) {
    this.name = options.name;
    registry.registerMetric(this as unknown as Metric); // it asks for no more than is here
  }

  /** The series with these labels, which exists from now on. */
  series(labels: SeriesLabels): HistogramSeries {
    const key = JSON.stringify(labels);
    const series = this.made.get(key) ?? new HistogramSeries(labels, this.options.buckets);
    this.made.set(key, series);
    return series;
  }

  /** All samples, as the client library has them. */
  async get() {
    const { name, help } = this.options;
    const values = [...this.made.values()].flatMap((series) => this.samplesOf(series));
    return { name, help, type: 'histogram', aggregator: 'sum', values };
  }

  reset(): void {
    for (const series of this.made.values()) {
      series.counts.fill(0);
      series.sum = 0;
    }
  }

  private samplesOf({ labels, counts, sum }: HistogramSeries) {
    const { name, buckets } = this.options;
    let count = 0;
    const cumulative = [...buckets, '+Inf'].map((le, bucket) => {
      count += counts[bucket]!;
      return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count };
    });
    return [
      ...cumulative,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }
}

/** Provides a histogram under the token that `@InjectMetric()` asks for; there is one of each name in a process. */
export function makeSeriesHistogramProvider(options: SeriesHistogramOptions): Provider {
  const registered = () => register.getSingleMetric(options.name) as SeriesHistogram | undefined;
  return { provide: getToken(options.name), useFactory: () => registered() ?? new SeriesHistogram(options) };
}
