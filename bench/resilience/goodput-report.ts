import { number, table } from '../markdown.js';
import type { GoodputCurve } from './goodput.js';
import { CALLER_TIMEOUT_MS } from './heavy-load.js';
import { type Line, lineChart, type Panel } from '../svg/line-chart.js';

const COLOURS: Record<string, string> = { falcon: '#0a7d4f', 'naive-fastify': '#c2410c' };
const OFFERED = 'offered load, as a multiple of what the server can do';

/** The curves as a chart: goodput above, latency below. */
export function drawGoodput(curves: readonly GoodputCurve[]): string {
  const times = [...new Set(curves.flatMap(({ points }) => points.map(({ offered }) => offered)))];
  const xTicks = times.filter((offered) => Number.isInteger(offered)).toSorted((a, b) => a - b);
  const lines = (yOf: (point: GoodputCurve['points'][number]) => number): Line[] =>
    curves.map(({ server, points }) => {
      const colour = COLOURS[server] ?? '#333';
      return { name: server, colour, points: points.map((point) => ({ x: point.offered, y: yOf(point) })) };
    });
  const goodput: Panel = {
    title: `Answered within ${CALLER_TIMEOUT_MS / 1000} s, as a part of what the server can do`,
    xTitle: OFFERED,
    lines: lines(({ answered }) => answered),
    yTicks: [0, 0.25, 0.5, 0.75, 1, 1.25],
  };
  const latency: Panel = {
    title: 'p99 of the answers, ms',
    xTitle: OFFERED,
    lines: lines(({ p99Ms }) => p99Ms),
    yTicks: [1, 10, 100, 1000, 10_000],
    isLogarithmic: true,
  };
  return lineChart([goodput, latency], xTicks);
}

/** The curves as a table. */
export function renderGoodput(curves: readonly GoodputCurve[]): string {
  const capacities = curves.map(({ server, capacity }) => `${server} ${number(capacity)}/s`);
  const rows = curves.flatMap(({ server, points }) =>
    points.map(({ offered, answered, p50Ms, p99Ms }) => {
      return [server, `${number(offered)} x`, `${number(answered)} x`, number(p50Ms), number(p99Ms)];
    }),
  );
  return [
    `Best closed-loop throughput: ${capacities.join(', ')}. Offered and answered are multiples of it.`,
    table(['server', 'offered', 'answered', 'p50 ms', 'p99 ms'], rows),
  ].join('\n\n');
}
