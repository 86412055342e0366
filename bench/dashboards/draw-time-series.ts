import type { ChartPanel } from '../../deploy/grafana/dashboard-schema.js';
import { formatValue } from './format-value.js';
import type { NamedSeries, Span } from './panel-data.js';
import { type Box, fitted, NAMED_COLOURS, rect, round, SERIES_COLOURS, text } from '../svg/svg.js';
import { timeAxis, xOf } from './time-axis.js';

type TimeSeriesPanel = Extract<ChartPanel, { type: 'timeseries' }>;

interface Curve extends NamedSeries {
  colour: string;
  mean: number;
  last: number;
  /** Where it begins in a stack, for each of its times. */
  floor: ReadonlyMap<number, number>;
}

const LEGEND_ROWS = 4;
const LEGEND_ROW_HEIGHT = 14;
const GRID_LINES = 4;

/** Curves over time with thresholds, and the busiest of them in a legend, as Grafana sorts it. */
export function drawTimeSeries(panel: TimeSeriesPanel, series: readonly NamedSeries[], box: Box, span: Span): string {
  const { custom, unit, thresholds } = panel.fieldConfig.defaults;
  const isStacked = custom?.stacking?.mode === 'normal';
  const curves = curvesOf(series, isStacked);
  const legendHeight = Math.min(curves.length, LEGEND_ROWS) * LEGEND_ROW_HEIGHT + 6;
  const plot = { x: box.x + 62, y: box.y, width: box.width - 72, height: box.height - legendHeight - 22 };
  const limits = (thresholds?.steps ?? []).flatMap(({ value, color }) => (value === null ? [] : [{ value, color }]));
  const [least, most] = rangeOf(panel, curves);
  const yOf = (value: number) => round(plot.y + (1 - (value - least) / (most - least)) * plot.height);
  const grid = Array.from({ length: GRID_LINES + 1 }, (_, k) => least + ((most - least) * k) / GRID_LINES);
  return [
    ...grid.map((value) => {
      const label = text(
        plot.x - 6,
        yOf(value) + 4,
        formatValue(value, unit),
        'font-size="10" fill="#667" text-anchor="end"',
      );
      return `<path d="M${plot.x} ${yOf(value)}h${plot.width}" stroke="#e4e6ea"/>${label}`;
    }),
    timeAxis(span, plot),
    ...limits
      .filter(({ value }) => value <= most && value >= least)
      .map(({ value, color }) => {
        return `<path d="M${plot.x} ${yOf(value)}h${plot.width}" stroke="${NAMED_COLOURS[color]}" stroke-dasharray="6 4"/>`;
      }),
    ...curves.map((curve) => drawCurve(curve, { plot, span, yOf, ...custom })),
    drawLegend(curves, { ...box, y: plot.y + plot.height + 22, height: legendHeight }, unit),
  ].join('\n');
}

function curvesOf(series: readonly NamedSeries[], isStacked: boolean): Curve[] {
  const means = series.map((one) => ({ ...one, mean: meanOf(one), last: one.points.at(-1)?.value ?? Number.NaN }));
  const top = new Map<number, number>();
  return means
    .toSorted((a, b) => (b.mean || 0) - (a.mean || 0))
    .map((one, index) => {
      const floor = new Map(
        one.points.map(({ timeSeconds }) => [timeSeconds, isStacked ? (top.get(timeSeconds) ?? 0) : 0]),
      );
      for (const { timeSeconds, value } of one.points)
        top.set(timeSeconds, (floor.get(timeSeconds) ?? 0) + (value || 0));
      return { ...one, floor, colour: SERIES_COLOURS[index % SERIES_COLOURS.length]! };
    });
}

function meanOf({ points }: NamedSeries): number {
  const values = points.map(({ value }) => value).filter(Number.isFinite);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The ends of the y axis: round numbers around all that is shown. */
function rangeOf({ fieldConfig }: TimeSeriesPanel, curves: readonly Curve[]): [number, number] {
  const tops = curves.flatMap(({ points, floor }) =>
    points.map(({ timeSeconds, value }) => value + floor.get(timeSeconds)!),
  );
  const finite = tops.filter(Number.isFinite);
  const least = fieldConfig.defaults.min ?? Math.min(0, ...finite);
  const most = finite.reduce((max, value) => Math.max(max, value), least);
  if (most <= least) return [least, least + 1];
  return [
    least,
    least + roundStep((most - least) / GRID_LINES, fieldConfig.defaults.unit === 'bytes' ? 2 : 10) * GRID_LINES,
  ];
}

/** The least round number that is no less, in the system that the unit is read in. */
function roundStep(atLeast: number, base: 2 | 10): number {
  const power = base ** Math.floor(Math.log(atLeast) / Math.log(base));
  const times = base === 2 ? [1, 1.5, 2] : [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];
  return power * (times.find((one) => one * power >= atLeast) ?? base);
}

interface Place {
  plot: Box;
  span: Span;
  yOf: (value: number) => number;
  fillOpacity?: number;
  lineWidth?: number;
}

function drawCurve(
  { points, floor, colour }: Curve,
  { plot, span, yOf, fillOpacity = 0, lineWidth = 1 }: Place,
): string {
  const finite = points.filter(({ value }) => Number.isFinite(value));
  if (finite.length === 0) return '';
  const at = finite.map(({ timeSeconds, value }) => {
    return {
      x: xOf(timeSeconds, span, plot),
      y: yOf(value + floor.get(timeSeconds)!),
      bottom: yOf(floor.get(timeSeconds)!),
    };
  });
  const line = at.map(({ x, y }) => `${x},${y}`).join(' ');
  const back = at.toReversed().map(({ x, bottom }) => `${x},${bottom}`);
  const area = `<polygon points="${line} ${back.join(' ')}" fill="${colour}" fill-opacity="${fillOpacity / 100}"/>`;
  return `${area}<polyline points="${line}" fill="none" stroke="${colour}" stroke-width="${lineWidth * 1.4}"/>`;
}

function drawLegend(curves: readonly Curve[], box: Box, unit: string | undefined): string {
  const rows = curves.length > LEGEND_ROWS ? curves.slice(0, LEGEND_ROWS - 1) : curves;
  const more = curves.length - rows.length;
  const small = 'font-size="11" fill="#334"';
  const lines = rows.map(({ name, colour, mean, last }, k) => {
    const y = box.y + k * LEGEND_ROW_HEIGHT + 10;
    const right = box.x + box.width - 10;
    return [
      rect({ x: box.x + 10, y: y - 5, width: 12, height: 3 }, colour),
      text(box.x + 28, y, fitted(name, box.width - 270), small),
      text(right - 108, y, `mean ${formatValue(mean, unit)}`, `${small} text-anchor="end"`),
      text(right, y, `last ${formatValue(last, unit)}`, `${small} text-anchor="end"`),
    ].join('');
  });
  const rest = text(
    box.x + 28,
    box.y + rows.length * LEGEND_ROW_HEIGHT + 10,
    `and ${more} more`,
    'font-size="11" fill="#889"',
  );
  return [...lines, ...(more > 0 ? [rest] : [])].join('\n');
}
