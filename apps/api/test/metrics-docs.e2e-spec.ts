import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_DIR } from './support/falcon.js';
import { startWithClient, stop } from './support/running.js';

interface Metric {
  type: string;
  labels: string[];
}

/** Labels that a series may have besides those of its row. */
const COMMON_LABELS = new Set(['worker_id', 'le']);

/** The table of docs/metrics.md. */
function documented(): Map<string, Metric> {
  const page = readFileSync(join(PROJECT_DIR, 'docs/metrics.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` +\| (\w+) +\| ([^|]*) \|/gm)];
  return new Map(
    rows.map(([, name = '', type = '', labels = '']) => [
      name,
      { type, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label) },
    ]),
  );
}

/** What /metrics says, without the default metrics of Node.js. */
function exported(text: string): Map<string, Metric> {
  const metrics = new Map<string, Metric>();
  for (const [, name = '', type = ''] of text.matchAll(/^# TYPE (\w+) (\w+)$/gm)) {
    if (!/^(nodejs|process)_/.test(name)) {
      metrics.set(name, { type, labels: [...labelsOf(text, name)] });
    }
  }
  return metrics;
}

function labelsOf(text: string, name: string): Set<string> {
  const series = [...text.matchAll(new RegExp(`^${name}(?:_bucket|_sum|_count)?\\{(.*)\\} `, 'gm'))];
  const labels = series.flatMap(([, pairs = '']) => [...pairs.matchAll(/(\w+)="/g)].map(([, label = '']) => label));
  return new Set(labels.filter((label) => !COMMON_LABELS.has(label)));
}

describe('docs/metrics.md', () => {
  let answered: Map<string, Metric>;

  beforeAll(async () => {
    const running = await startWithClient({ LOAD_SHEDDING: 'adaptive' });
    await running.client.infer({ text: 'a good day' });
    answered = exported((await running.client.get('/metrics')).text);
    await stop(running);
  });

  it('has every metric that is exported, and no other', () => {
    expect([...documented().keys()].toSorted()).toEqual([...answered.keys()].toSorted());
  });

  it.each([...documented()])('tells the truth about %s', (name, { type, labels }) => {
    expect(answered.get(name)?.type).toBe(type);
    expect(answered.get(name)?.labels.toSorted()).toEqual(labels.toSorted());
  });
});
