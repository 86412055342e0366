import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_DIR } from '../../../../scripts/test-support/program.js';
import { exportedMetrics, type Metric } from '../support/exported-metrics.js';
import { startWithClient, stop } from '../support/running.js';

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

describe('docs/metrics.md', () => {
  let answered: Map<string, Metric>;

  beforeAll(async () => {
    const running = await startWithClient({ LOAD_SHEDDING: 'adaptive' });
    await running.client.infer({ text: 'a good day' });
    answered = exportedMetrics((await running.client.get('/metrics')).text);
    await stop(running);
  });

  it('has every metric that is exported, and no other', () => {
    expect([...documented().keys()].toSorted()).toEqual([...answered.keys()].toSorted());
  });

  it.each([...documented()])('tells the truth about %s', (name, { type, labels }) => {
    expect(answered.get(name)?.type).toBe(type);
    expect(answered.get(name)?.labels.toSorted()).toEqual([...labels, 'worker_id'].toSorted());
  });
});
