import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWithTool, toolPath } from '../../../../scripts/test-support/tools.js';
import { PROJECT_DIR } from '../support/falcon.js';
import { startWithClient, stop } from '../support/running.js';

describeWithTool('promtool', 'what promtool says of /metrics', () => {
  it('has nothing to say against /metrics', async () => {
    const running = await startWithClient({ LOAD_SHEDDING: 'adaptive', CACHE_ENABLED: 'true' });
    await running.client.infer({ text: 'a good day' });
    await running.client.infer({ text: 'a good day', model: 'nonesuch' });
    const { text } = await running.client.get('/metrics');
    await stop(running);
    const { status, stdout, stderr } = spawnSync(toolPath('promtool')!, ['check', 'metrics'], {
      input: text,
      encoding: 'utf8',
    });
    expect([status, `${stdout}${stderr}`]).toEqual([0, '']);
  });

  it('takes the recording rules of docs/metrics.md', () => {
    const page = readFileSync(join(PROJECT_DIR, 'docs/metrics.md'), 'utf8');
    const [, rules = ''] = /```yaml\n([^]*?)```/.exec(page) ?? [];
    const folder = mkdtempSync(join(tmpdir(), 'falcon-rules-'));
    writeFileSync(join(folder, 'slo.yml'), rules);
    const { status, stdout, stderr } = spawnSync(toolPath('promtool')!, ['check', 'rules', join(folder, 'slo.yml')], {
      encoding: 'utf8',
    });
    rmSync(folder, { recursive: true });
    expect([status, `${stdout}${stderr}`]).toEqual([0, expect.stringContaining('SUCCESS: 4 rules found')]);
  });
});
