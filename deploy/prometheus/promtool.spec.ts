import { execFile } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from '../../scripts/test-support/temporary-folder.js';
import { describeWithTool, runTool, toolPath } from '../../scripts/test-support/tools.js';
import { PROMETHEUS_FOLDER, yamlFilesOf } from '../test-support/alert-rules.js';

const run = promisify(execFile);

describeWithTool('promtool', 'promtool', () => {
  it('takes the configuration, and every file of rules in it', () => {
    const said = runTool('promtool', ['check', 'config', join(PROMETHEUS_FOLDER, 'prometheus.yml')]);
    expect(said.match(/SUCCESS: \d+ rules found/g)).toHaveLength(yamlFilesOf('rules').length);
  });

  it('takes the configuration with a key for /metrics, when the comment signs are taken off', () => {
    const folder = temporaryFolder();
    cpSync(join(PROMETHEUS_FOLDER, 'rules'), join(folder, 'rules'), { recursive: true });
    const key = join(folder, 'metrics_key');
    writeFileSync(key, 'a-key');
    const written = readFileSync(join(PROMETHEUS_FOLDER, 'prometheus.yml'), 'utf8');
    const withKey = written
      .replace(/^( *)# (authorization:)$/m, '$1$2')
      .replace(/^( *)# ( {2}credentials_file: )\/run\/secrets\/metrics_key$/m, `$1$2${key}`);
    expect(withKey).toContain(key);
    writeFileSync(join(folder, 'prometheus.yml'), withKey);
    expect(() => runTool('promtool', ['check', 'config', join(folder, 'prometheus.yml')])).not.toThrow();
  });

  it('finds the CPU time per request as docs/CAPACITY_PLAN.md asks for it', () => {
    const [, expr] = /```promql\n([^]*?)```/.exec(readFileSync('docs/CAPACITY_PLAN.md', 'utf8')) ?? [];
    const seriesOf = (series: string, step: number) => ({ series, values: `0+${step}x120` });
    const ofWorker = 'job="falcon-workers", worker_id="worker-1"';
    const input_series = [
      seriesOf(`process_cpu_seconds_total{${ofWorker}}`, 6),
      seriesOf('process_cpu_seconds_total{job="falcon-audit-worker", worker_id="audit-worker-1"}', 6),
      seriesOf(`http_requests_total{${ofWorker}, method="POST", path="/infer|public", status="200"}`, 400),
      seriesOf(`http_requests_total{${ofWorker}, method="POST", path="/infer/batch|public", status="503"}`, 200),
      seriesOf(`http_requests_total{${ofWorker}, method="GET", path="/readyz|system", status="200"}`, 12),
    ];
    const exp_samples = [{ labels: '{worker_id="worker-1"}', value: 0.01 }];
    const promql_expr_test = [{ expr, eval_time: '2h', exp_samples }];
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, 'test.yml'),
      JSON.stringify({ tests: [{ interval: '1m', input_series, promql_expr_test }] }),
    );
    expect(() => runTool('promtool', ['test', 'rules', join(folder, 'test.yml')])).not.toThrow();
  });

  it('sees each alert fire just beyond its limit, and not at it', async () => {
    const promtool = toolPath('promtool') ?? '';
    const files = yamlFilesOf('tests');
    const said = await Promise.all(files.map((file) => run(promtool, ['test', 'rules', file])));
    expect(said.map(({ stdout }, k) => [basename(files[k]!), stdout.includes('SUCCESS')])).toEqual(
      files.map((file) => [basename(file), true]),
    );
  }, 120_000);
});
