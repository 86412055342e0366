import { round, text } from './svg.js';

/** One line of a chart. */
export interface Line {
  name: string;
  colour: string;
  points: readonly { x: number; y: number }[];
}

/** One coordinate system of a chart. */
export interface Panel {
  title: string;
  xTitle: string;
  lines: readonly Line[];
  /** Where the y axis has its lines; the outermost are its ends. */
  yTicks: readonly number[];
  isLogarithmic?: boolean;
}

const WIDTH = 720;
const PANEL_HEIGHT = 300;
const MARGIN = { left: 56, right: 24, top: 34, bottom: 46 };
const PLOT = { width: WIDTH - MARGIN.left - MARGIN.right, height: PANEL_HEIGHT - MARGIN.top - MARGIN.bottom };

/** Draws the panels below each other, as SVG that is readable on light and dark pages. */
export function lineChart(panels: readonly Panel[], xTicks: readonly number[]): string {
  const height = PANEL_HEIGHT * panels.length;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    ...panels.map((panel, index) => drawPanel(panel, xTicks, index * PANEL_HEIGHT)),
    '</svg>\n',
  ].join('\n');
}

function drawPanel({ title, xTitle, lines, yTicks, isLogarithmic }: Panel, xTicks: readonly number[], top: number) {
  const scale = isLogarithmic ? Math.log : (value: number) => value;
  const share = (value: number, ticks: readonly number[], on: (value: number) => number) => {
    const [least, most] = [Math.min(...ticks), Math.max(...ticks)];
    return (on(Math.min(most, Math.max(least, value))) - on(least)) / (on(most) - on(least));
  };
  const xOf = (x: number) => round(MARGIN.left + share(x, [0, ...xTicks], Number) * PLOT.width);
  const yOf = (y: number) => round(top + MARGIN.top + (1 - share(y, yTicks, scale)) * PLOT.height);
  const bottom = top + MARGIN.top + PLOT.height;
  return [
    text(MARGIN.left, top + 20, title, 'font-size="14" font-weight="bold"'),
    ...yTicks.map((tick) => {
      return `<path d="M${MARGIN.left} ${yOf(tick)}H${WIDTH - MARGIN.right}" stroke="#ddd"/>${text(MARGIN.left - 6, yOf(tick) + 4, String(tick), 'text-anchor="end"')}`;
    }),
    ...xTicks.map((tick) => text(xOf(tick), bottom + 18, String(tick), 'text-anchor="middle"')),
    text(MARGIN.left + PLOT.width / 2, bottom + 38, xTitle, 'text-anchor="middle"'),
    ...lines.map((line, index) => drawLine(line, index, { xOf, yOf, top })),
  ].join('\n');
}

interface Place {
  xOf: (x: number) => number;
  yOf: (y: number) => number;
  top: number;
}

function drawLine({ name, colour, points }: Line, index: number, { xOf, yOf, top }: Place): string {
  const finite = points.filter(({ y }) => Number.isFinite(y)); // where nothing was answered there is no latency
  const path = finite.map(({ x, y }) => `${xOf(x)},${yOf(y)}`).join(' ');
  const dots = finite.map(({ x, y }) => `<circle cx="${xOf(x)}" cy="${yOf(y)}" r="3" fill="${colour}"/>`);
  const legend = text(WIDTH - MARGIN.right - 130 * index, top + 20, name, `text-anchor="end" fill="${colour}"`);
  return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}${legend}`;
}
