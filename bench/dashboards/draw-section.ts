import type { ChartPanel, DashboardJson } from '../../deploy/grafana/dashboard-schema.js';
import { drawStateTimeline } from './draw-state-timeline.js';
import { drawTimeSeries } from './draw-time-series.js';
import { drawBars, drawGauge, drawTable } from './draw-values.js';
import type { NamedSeries, Span } from './panel-data.js';
import { type Box, rect, text } from '../svg/svg.js';

/** Panels below one heading of a dashboard. */
export interface Section {
  title: string;
  panels: ChartPanel[];
}

/** What a panel shows. */
export interface PanelPicture {
  panel: ChartPanel;
  series: NamedSeries[];
}

const COLUMN_WIDTH = 60;
const ROW_HEIGHT = 30;
const HEADING_HEIGHT = 34;

/** The parts of a dashboard; one without headings is one part. */
export function sectionsOf({ title, panels }: DashboardJson): Section[] {
  const sections: Section[] = [];
  for (const panel of panels) {
    if (panel.type === 'row') {
      sections.push({ title: panel.title ?? '', panels: [] });
    } else {
      if (sections.length === 0) sections.push({ title, panels: [] });
      sections.at(-1)!.panels.push(panel);
    }
  }
  return sections;
}

/** A section as an SVG picture, with its panels where Grafana has them. */
export function drawSection(title: string, pictures: readonly PanelPicture[], span: Span): string {
  const top = Math.min(...pictures.map(({ panel }) => panel.gridPos.y));
  const bottom = Math.max(...pictures.map(({ panel }) => panel.gridPos.y + panel.gridPos.h));
  const [width, height] = [24 * COLUMN_WIDTH, (bottom - top) * ROW_HEIGHT + HEADING_HEIGHT];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="DejaVu Sans, sans-serif">`,
    rect({ x: 0, y: 0, width, height }, '#f4f5f8'),
    text(12, 23, title, 'font-size="16" font-weight="bold" fill="#223"'),
    ...pictures.map((picture) => {
      const { x, y, w, h } = picture.panel.gridPos;
      const place = { x: x * COLUMN_WIDTH, y: (y - top) * ROW_HEIGHT + HEADING_HEIGHT };
      return drawPanel(picture, { ...place, width: w * COLUMN_WIDTH, height: h * ROW_HEIGHT }, span);
    }),
    '</svg>\n',
  ].join('\n');
}

function drawPanel({ panel, series }: PanelPicture, { x, y, width, height }: Box, span: Span): string {
  const frame = { x: x + 4, y: y + 4, width: width - 8, height: height - 8 };
  const inside = { x: frame.x, y: frame.y + 32, width: frame.width, height: frame.height - 36 };
  return [
    rect(frame, '#fff', 'stroke="#dcdfe5" rx="3"'),
    text(frame.x + 10, frame.y + 19, panel.title, 'font-size="13" font-weight="bold" fill="#223"'),
    series.length === 0 ? noData(inside) : drawContent(panel, series, inside, span),
  ].join('\n');
}

function drawContent(panel: ChartPanel, series: NamedSeries[], box: Box, span: Span): string {
  switch (panel.type) {
    case 'timeseries':
      return drawTimeSeries(panel, series, box, span);
    case 'state-timeline':
      return drawStateTimeline(panel, series, box, span);
    case 'gauge':
      return drawGauge(panel, series, box);
    case 'bargauge':
      return drawBars(panel, series, box);
    case 'table':
      return drawTable(panel, series, box);
  }
}

function noData({ x, y, width, height }: Box): string {
  return text(x + width / 2, y + height / 2, 'No data', 'font-size="13" fill="#889" text-anchor="middle"');
}
