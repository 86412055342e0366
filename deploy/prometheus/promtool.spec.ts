import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { describeWithTool, runTool, toolPath } from '../../scripts/test-support/tools.js';
import { PROMETHEUS_FOLDER, yamlFilesOf } from '../test-support/alert-rules.js';

const run = promisify(execFile);

describeWithTool('promtool', 'promtool', () => {
  it('takes the configuration, and every file of rules in it', () => {
    const said = runTool('promtool', ['check', 'config', join(PROMETHEUS_FOLDER, 'prometheus.yml')]);
    expect(said.match(/SUCCESS: \d+ rules found/g)).toHaveLength(yamlFilesOf('rules').length);
  });

  it('takes the configuration with a key for /metrics, when the comment signs are taken off', () => {
    const folder = mkdtempSync(join(tmpdir(), 'falcon-prometheus-'));
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
    rmSync(folder, { recursive: true });
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
