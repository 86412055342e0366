/** A metric as `/metrics` has it. */
export interface Metric {
  type: string;
  /** Labels of its series, without `le`. */
  labels: string[];
}

/** What an answer of `/metrics` has, without the default metrics of Node.js. */
export function exportedMetrics(text: string): Map<string, Metric> {
  const metrics = new Map<string, Metric>();
  for (const [, name = '', type = ''] of text.matchAll(/^# TYPE (\w+) (\w+)$/gm)) {
    if (!/^(nodejs|process)_/.test(name)) {
      metrics.set(name, { type, labels: labelsOf(text, name) });
    }
  }
  return metrics;
}

/** The series of an answer of `/metrics`, without their values. */
export function seriesOf(text: string): string[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => line.slice(0, line.lastIndexOf(' '))).toSorted();
}

function labelsOf(text: string, name: string): string[] {
  const series = [...text.matchAll(new RegExp(`^${name}(?:_bucket|_sum|_count)?\\{(.*)\\} `, 'gm'))];
  const labels = series.flatMap(([, pairs = '']) => [...pairs.matchAll(/(\w+)="/g)].map(([, label = '']) => label));
  return [...new Set(labels)].filter((label) => label !== 'le').toSorted();
}
