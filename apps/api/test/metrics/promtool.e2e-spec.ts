import { spawnSync } from 'node:child_process';
import { describeWithTool, toolPath } from '../../../../scripts/test-support/tools.js';
import { startWithClient, stop } from '../support/running.js';

describeWithTool('promtool', 'what promtool says of /metrics', () => {
  it('has nothing to say against /metrics', async () => {
    const running = await startWithClient({ LOAD_SHEDDING: 'adaptive', CACHE_ENABLED: 'true' });
    await running.client.infer({ text: 'a good day' });
    await running.client.infer({ text: 'a good day', model: 'nonesuch' });
    const { text } = await running.client.get('/metrics');
    await stop(running);
    const promtool = toolPath('promtool') ?? '';
    const { status, stdout, stderr } = spawnSync(promtool, ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect([status, `${stdout}${stderr}`]).toEqual([0, '']);
  });
});
