import type { ChartPanel } from '../../deploy/grafana/dashboard-schema.js';
import { filledIn } from '../../deploy/grafana/dashboards.js';
import { type QueriedSeries, queryPrometheus } from '../../scripts/test-support/prometheus.js';

/** The time that is looked at. */
export interface Span {
  startSeconds: number;
  endSeconds: number;
  stepSeconds: number;
}

/** A series with the name that the legend gives it. */
export interface NamedSeries extends QueriedSeries {
  name: string;
}

/** Falcon's jobs are scraped every 5 s, and a rate takes four scrapes. */
const LEAST_RATE_SECONDS = 20;

/** The latest so many minutes, in so many steps that a picture shows them. */
export function latest(minutes: number): Span {
  const endSeconds = Math.floor(Date.now() / 1000);
  const stepSeconds = Math.max(1, Math.round((minutes * 60) / 200));
  return { startSeconds: endSeconds - minutes * 60, endSeconds, stepSeconds };
}

/** What the expressions of a panel are over the time, or at its end for those that are asked once. */
export async function panelData(url: string, { targets }: ChartPanel, span: Span): Promise<NamedSeries[]> {
  const rateInterval = `${Math.max(LEAST_RATE_SECONDS, span.stepSeconds + 5)}s`;
  const answers = await Promise.all(
    targets.map(async ({ expr, legendFormat, instant }) => {
      const query = filledIn(expr, rateInterval);
      const series = instant
        ? await queryPrometheus(url, 'query', { query, time: String(span.endSeconds) })
        : await queryPrometheus(url, 'query_range', {
            query,
            start: String(span.startSeconds),
            end: String(span.endSeconds),
            step: String(span.stepSeconds),
          });
      return series.map((one) => ({ ...one, name: legendOf(legendFormat, one.labels) }));
    }),
  );
  return answers.flat();
}

function legendOf(format: string, labels: Record<string, string>): string {
  return format.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? '').trim();
}
