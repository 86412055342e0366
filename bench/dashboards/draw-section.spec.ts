import { Resvg } from '@resvg/resvg-js';
import { readDashboards } from '../../deploy/grafana/dashboards.js';
import { drawSection, type PanelPicture, sectionsOf } from './draw-section.js';
import type { NamedSeries } from './panel-data.js';

const SPAN = { startSeconds: 0, endSeconds: 600, stepSeconds: 3 };
const VALUES = [0, 0.5, Number.NaN, 1, 2, 0];

/** A series with a number that is none in its midst, as a ratio has where nothing happened. */
function seriesOf(name: string): NamedSeries {
  const points = VALUES.map((value, k) => ({ timeSeconds: k * 120, value }));
  return { name, labels: { worker_id: name, state: 'ready' }, points };
}

const sections = [...readDashboards().values()].flatMap(sectionsOf);

function picturesOf({ panels }: (typeof sections)[number], series: NamedSeries[]): PanelPicture[] {
  return panels.map((panel) => ({ panel, series }));
}

describe('drawSection', () => {
  it.each(sections.map((section) => [section.title, section] as const))(
    'draws every panel of "%s"',
    (title, section) => {
      const svg = drawSection(title, picturesOf(section, ['a', 'b & c'].map(seriesOf)), SPAN);
      expect(svg).not.toMatch(/NaN|undefined|Infinity|No data/);
      for (const panel of section.panels) expect(svg).toContain(`>${panel.title}</text>`);
      const picture = new Resvg(svg).render();
      expect([picture.width, picture.height]).toEqual([1440, expect.any(Number)]);
    },
  );

  it('says where there is no data', () => {
    const [section] = sections;
    const svg = drawSection('x', picturesOf(section!, []), SPAN);
    expect(svg.match(/No data/g)).toHaveLength(section!.panels.length);
  });

  it('draws states in their colours, for as long as they last', () => {
    const panel = sections[0]!.panels.find(({ type }) => type === 'state-timeline')!;
    const states = [0, 0, 1, 1, 2];
    const points = states.map((value, k) => ({ timeSeconds: k * 3, value }));
    const svg = drawSection('x', [{ panel, series: [{ name: 'redis', labels: {}, points }] }], SPAN);
    const widths = [...svg.matchAll(/width="([\d.]+)" height="[\d.]+" fill="(#\w+)"/g)].map(([, width, colour]) => [
      colour,
      Number(width),
    ]);
    const [closed, open, halfOpen] = widths.filter(([colour]) =>
      ['#3f8f3f', '#c4162a', '#e0a800'].includes(String(colour)),
    );
    expect([closed?.[0], open?.[0], halfOpen?.[0]]).toEqual(['#3f8f3f', '#c4162a', '#e0a800']);
    expect(closed?.[1]).toBeCloseTo(Number(halfOpen?.[1]) * 2, 0);
  });
});
