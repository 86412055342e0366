import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ChartPanel, DashboardJson } from './dashboard-schema.js';

/** In the project's folder, from which tests and bench are run. */
const FOLDER = resolve('deploy/grafana/dashboards');

/** The dashboards that ship, by the name of their file without its ending. */
export function readDashboards(): Map<string, DashboardJson> {
  const files = readdirSync(FOLDER).sort();
  return new Map(
    files.map((file) => [
      file.replace(/\.json$/, ''),
      JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as DashboardJson,
    ]),
  );
}

/** The panels of a dashboard that show something. */
export function chartsOf(dashboard: DashboardJson): ChartPanel[] {
  return dashboard.panels.filter((panel) => panel.type !== 'row');
}

/** An expression as Grafana sends it with all workers and classes of routes chosen. */
export function filledIn(expression: string, rateInterval: string): string {
  return expression.replaceAll('$__rate_interval', rateInterval).replaceAll(/\$(worker|class)\b/g, '.*');
}
