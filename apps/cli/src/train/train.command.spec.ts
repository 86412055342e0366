import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../../../scripts/test-support/temporary-folder.js';
import { ProgressBar } from './progress-bar.js';
import { train, TrainingInterruptedError } from './train.command.js';

describe('train', () => {
  const folder = temporaryFolder();
  const rows = join(folder, 'rows.csv');
  const out = join(folder, 'mood', '1');
  const options = { train: rows, devShare: 0.5, testShare: 0, out, textColumn: 'text', labelColumn: 'label' };

  beforeAll(() => {
    jest.spyOn(console, 'log').mockReturnValue();
    for (const shown of ['start', 'update'] as const) jest.spyOn(ProgressBar.prototype, shown).mockReturnValue();
    const lines = Array.from({ length: 20 }, (_, k) => (k % 2 === 0 ? `a good day ${k},good` : `a bad day ${k},bad`));
    writeFileSync(rows, ['text,label', ...lines].join('\n'));
  });
  afterAll(() => jest.restoreAllMocks());

  it('writes nothing when it is interrupted after its last step', async () => {
    const controller = new AbortController();
    // A signal is heard when the event loop turns.
    const stop = jest.spyOn(ProgressBar.prototype, 'stop').mockImplementation(() => {
      setImmediate(() => controller.abort(new TrainingInterruptedError()));
    });
    await expect(train(options, controller.signal)).rejects.toThrow('training was interrupted; nothing was written');
    expect(existsSync(join(folder, 'mood'))).toBe(false);

    stop.mockRestore();
    await train(options);
    expect(existsSync(join(out, 'falcon.json'))).toBe(true);
  });
});
