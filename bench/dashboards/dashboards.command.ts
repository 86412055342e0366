import { Command } from 'commander';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readDashboards } from '../../deploy/grafana/dashboards.js';
import { OUT_OPTION, positive } from '../cli-options.js';
import { say } from '../reporting.js';
import { drawSection, sectionsOf } from './draw-section.js';
import { loadedRun } from './loaded-run.js';
import { latest, panelData } from './panel-data.js';

interface DashboardsOptions {
  prometheus?: string;
  minutes: number;
  images?: string;
  out: string;
}

/** `bench dashboards`: what the Grafana dashboards show, as pictures. */
export function dashboardsCommand(): Command {
  return new Command('dashboards')
    .description(
      'Draws what the Grafana dashboards show, as PNG: of a Prometheus, or of a run of its own with load and faults.',
    )
    .option('--prometheus <url>', 'one that watches a Falcon; without it Falcon is run and loaded here')
    .option(
      '--minutes <number>',
      'the time that the pictures show, which is also how long a run of its own takes',
      positive,
      10,
    )
    .option('--images <folder>', 'where the pictures go (default: the folder of --out)')
    .option(...OUT_OPTION)
    .action(run);
}

async function run({ prometheus, minutes, out, images = out }: DashboardsOptions): Promise<void> {
  mkdirSync(out, { recursive: true });
  mkdirSync(images, { recursive: true });
  const draw = (url: string) => drawAll(url, minutes, images);
  await (prometheus ? draw(prometheus.replace(/\/$/, '')) : loadedRun(minutes, out, draw));
}

async function drawAll(url: string, minutes: number, folder: string): Promise<void> {
  // Only here, because it is no dependency of what runs in production, nor of the other commands.
  const { Resvg } = await import('@resvg/resvg-js');
  const span = latest(minutes);
  for (const [name, dashboard] of readDashboards()) {
    for (const { title, panels } of sectionsOf(dashboard)) {
      const pictures = await Promise.all(
        panels.map(async (panel) => ({ panel, series: await panelData(url, panel, span) })),
      );
      const heading = title === dashboard.title ? title : `${dashboard.title}: ${title}`;
      const png = new Resvg(drawSection(heading, pictures, span)).render().asPng();
      const part = title === dashboard.title ? '' : `-${title.toLowerCase().replaceAll(/[^a-z]+/g, '-')}`;
      writeFileSync(join(folder, `${name}${part}.png`), png);
      say(`drawn: ${join(folder, `${name}${part}.png`)}, ${Math.round(png.length / 1024)} KiB`);
    }
  }
}
