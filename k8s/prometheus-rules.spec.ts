import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { temporaryFolder } from '../scripts/test-support/temporary-folder.js';
import { describeWithTool, runTool } from '../scripts/test-support/tools.js';
import { ofKind } from './test-support/manifests.js';
import { build, describeWithKustomize } from './test-support/overlays.js';

const ROOT = resolve(__dirname, '..');
const MADE = join(__dirname, 'components/monitoring/prometheus-rules.yaml');
const RULES = join(ROOT, 'deploy/prometheus/rules');

describe('rules for the Prometheus Operator', () => {
  it('are those of deploy/prometheus; otherwise: npm run k8s:rules', () => {
    const { stdout } = spawnSync(process.execPath, [join(ROOT, 'scripts/prometheus-rules.mjs')], { encoding: 'utf8' });

    expect(readFileSync(MADE, 'utf8')).toBe(stdout);
  });

  it('say the same, rule by rule', () => {
    const groupsOf = (text: string) => (parse(text) as { groups: unknown[] }).groups;
    const files = readdirSync(RULES).filter((file) => file.endsWith('.yml'));
    const made = parseAllDocuments(readFileSync(MADE, 'utf8')).map((document) => document.toJS() as { spec: unknown });

    expect(files.length).toBeGreaterThan(0);
    expect(made.map(({ spec }) => spec)).toEqual(
      files.toSorted().map((file) => ({ groups: groupsOf(readFileSync(join(RULES, file), 'utf8')) })),
    );
  });
});

describeWithKustomize('what is scraped', () => {
  it('has the jobs that the rules name, and each target its worker', () => {
    const relabelings = ofKind(build('production-operators'), 'ServiceMonitor').map(({ spec }) =>
      (spec as { endpoints: { relabelings: object[] }[] }).endpoints.flatMap((endpoint) => endpoint.relabelings),
    );
    const named = [...readFileSync(MADE, 'utf8').matchAll(/job="([\w-]+)"/g)].map(([, job]) => job);
    const worker = { sourceLabels: ['__meta_kubernetes_pod_name'], targetLabel: 'worker_id' };

    expect(relabelings).toEqual(
      ['falcon-workers', 'falcon-audit-worker'].map((job) => [{ targetLabel: 'job', replacement: job }, worker]),
    );
    expect(new Set(named)).toEqual(new Set(['falcon-workers', 'falcon-audit-worker']));
  });
});

describeWithTool('promtool', 'the question of the scaler and of the adapter', () => {
  it('can be asked', () => {
    const metrics = ofKind(build('production-operators'), 'ScaledObject').map(({ spec }) => {
      const { triggers } = spec as { triggers: [{ metadata: { query: string } }] };
      return triggers[0].metadata.query;
    });
    const adapter = parse(
      readFileSync(join(__dirname, 'components/request-metric/prometheus-adapter.yaml'), 'utf8'),
    ) as {
      rules: { custom: [{ metricsQuery: string }] };
    };
    const asked = adapter.rules.custom[0].metricsQuery
      .replace('<<.GroupBy>>', 'pod')
      .replace('<<.LabelMatchers>>', 'namespace="falcon"');
    const rules = [...metrics, asked].map((expr, index) => ({ record: `asked:${index}`, expr }));

    const folder = temporaryFolder();
    writeFileSync(join(folder, 'rules.yml'), JSON.stringify({ groups: [{ name: 'asked', rules }] }));

    expect(runTool('promtool', ['check', 'rules', join(folder, 'rules.yml')])).toContain('2 rules found');
  });
});
