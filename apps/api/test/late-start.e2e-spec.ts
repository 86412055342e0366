import { execFileSync } from 'node:child_process';
import { cpSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../../scripts/test-support/temporary-folder.js';
import { Falcon, MODELS_DIR } from './support/falcon.js';

describe('STARTUP_TIMEOUT_SECONDS', () => {
  const models = temporaryFolder();

  beforeAll(() => {
    cpSync(join(MODELS_DIR, 'sentiment/1'), join(models, 'sentiment/1'), { recursive: true });
    const weights = join(models, 'sentiment/1/weights.bin');
    unlinkSync(weights);
    execFileSync('mkfifo', [weights]); // nobody will ever write to it
  });

  it.each(['false', 'true'])(
    'is when a start that goes on says what it waits for: LISTEN_WHEN_READY=%s',
    async (late) => {
      const falcon = Falcon.launch({ MODEL_DIR: models, STARTUP_TIMEOUT_SECONDS: '1', LISTEN_WHEN_READY: late });
      const line = await falcon.waitForLog('The server is not ready in time, still waiting');
      expect(line).toMatchObject({
        level: 'ERROR',
        timeout_ms: 1000,
        waits_for: expect.arrayContaining([expect.objectContaining({ name: 'model', status: 'unknown' })]),
      });
      expect(falcon.process.exitCode).toBeNull();
      falcon.process.kill('SIGKILL');
      await falcon.exitCode();
    },
  );
});
