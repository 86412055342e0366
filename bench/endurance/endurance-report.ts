import { renderOutcome } from '../load-test/load-test-report.js';
import { number, table } from '../markdown.js';
import { below, none, type Verdict } from '../requirements.js';
import { lineChart, type Line } from '../svg/line-chart.js';
import type { Endurance, EnduranceSample } from './endurance.js';

/** Processes whose memory must not grow, with their colours; that of Postgres and the cache's Redis fills up to what is configured. */
const JUDGED: Record<string, string> = {
  'worker-1': '#1f77b4',
  'worker-2': '#17becf',
  'audit-worker': '#d62728',
  'redis-queue': '#2ca02c',
};
/** Until then heaps and caches fill. */
const WARM_UP_SHARE = 1 / 3;
const MOST_GROWTH_PERCENT = 5;
/** A small process is judged as if it were of this size: a buffer more is no leak. */
const LEAST_JUDGED_MB = 100;
const MOST_P99_MS = 1000;
const MOST_FAILED_PERCENT = 0.1;

/** How memory has changed from the end of the warm-up to the end of the run, by the line that fits the samples best. */
export function fittedGrowthPercent(samples: readonly EnduranceSample[], process: string): number {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP_SHARE));
  const points = warm.map(({ seconds, rssMb }) => ({ x: seconds, y: rssMb[process] ?? Number.NaN }));
  const mean = (pick: (point: { x: number; y: number }) => number) =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const [meanX, meanY] = [mean(({ x }) => x), mean(({ y }) => y)];
  const slope = mean(({ x, y }) => (x - meanX) * (y - meanY)) / mean(({ x }) => (x - meanX) ** 2);
  const [first, last] = [points[0]?.x ?? 0, points.at(-1)?.x ?? 0];
  const begin = meanY + slope * (first - meanX);
  return ((slope * (last - first)) / Math.max(begin, LEAST_JUDGED_MB)) * 100;
}

/** Holds a run against what the stack promises. */
export function judgeEndurance({ samples, outcome, firedAlerts, verified, dropped }: Endurance): Verdict[] {
  const growths = Object.keys(JUDGED).map((process) => {
    const promise = `${process}: growth of resident memory after the warm-up`;
    return below(promise, fittedGrowthPercent(samples, process), MOST_GROWTH_PERCENT, '%');
  });
  return [
    ...growths,
    below('requests not answered with 200', outcome.failedPercent, MOST_FAILED_PERCENT, '%'),
    below('p99', outcome.p99Ms, MOST_P99_MS, 'ms'),
    none(`answers without a row, of ${verified.answers}`, verified.missing, 'answers'),
    none('answers with more rows than one', verified.double, 'answers'),
    none('answers that left unrecorded', dropped, 'answers'),
    ...(firedAlerts === undefined ? [] : [none(alertsPromise(firedAlerts), firedAlerts.length, 'alerts')]),
  ];
}

function alertsPromise(fired: readonly string[]): string {
  return fired.length === 0 ? 'alerts that fired' : `alerts that fired (${fired.join(', ')})`;
}

/** The run as Markdown. */
export function renderEndurance({ samples, outcome }: Endurance, title: string): string {
  const processes = Object.keys(samples[0]?.rssMb ?? {});
  const at = [1 / 3, 2 / 3, 1].map((share) => samples[Math.max(0, Math.ceil(samples.length * share) - 1)]);
  const rows = processes.map((process) => [
    process,
    ...at.map((sample) => number(sample?.rssMb[process] ?? Number.NaN)),
  ]);
  const memory = table(['resident MB', 'after a third', 'two thirds', 'at the end'], rows);
  return [renderOutcome(title, outcome), memory].join('\n\n');
}

/** The run as a chart. */
export function enduranceChart({ samples }: Endurance): string {
  const thinned = samples.filter((_, index) => index % Math.ceil(samples.length / 60) === 0);
  const line = (name: string, colour: string, value: (sample: EnduranceSample) => number): Line => {
    return { name, colour, points: thinned.map((sample) => ({ x: sample.seconds / 60, y: value(sample) })) };
  };
  const minutes = Math.max(1, Math.ceil((samples.at(-1)?.seconds ?? 0) / 60));
  const memory = Object.entries(JUDGED).map(([name, colour]) =>
    line(name, colour, ({ rssMb }) => rssMb[name] ?? Number.NaN),
  );
  const mostMb = Math.max(...memory.flatMap(({ points }) => points.map(({ y }) => y)));
  const panels = [
    { title: 'Resident MB', lines: memory, yTicks: ticks(mostMb) },
    { title: 'p99 of the answers, ms', lines: [line('p99', '#1f77b4', ({ p99Ms }) => p99Ms)] },
    {
      title: 'Age of the oldest record not in the table, s',
      lines: [line('lag', '#d62728', ({ lagSeconds }) => lagSeconds)],
    },
  ];
  const drawn = panels.map(({ yTicks, ...panel }) => {
    const most = Math.max(...panel.lines.flatMap(({ points }) => points.map(({ y }) => y)));
    return { ...panel, xTitle: 'minutes', yTicks: yTicks ?? ticks(most) };
  });
  return lineChart(drawn, ticks(minutes).slice(1));
}

/** Four round steps from 0 to at least `most`. */
function ticks(most: number): number[] {
  const rough = Math.max(most, 0.1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 7.5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? rough;
  return [0, 1, 2, 3, 4].map((index) => Number((index * step).toPrecision(3)));
}
