import { cpSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_DIR } from '../../../scripts/test-support/program.js';
import { temporaryFolder } from '../../../scripts/test-support/temporary-folder.js';
import { falcon } from './support/falcon.js';

describe('falcon predict', () => {
  it('answers each text of its arguments with a line of JSON', async () => {
    const { code, stdout } = await falcon(['predict', 'I love this!', 'This is terrible.']);
    expect(code).toBe(0);
    const [good, bad] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(good).toMatchObject({
      text: 'I love this!',
      prediction: 'positive',
      model: 'sentiment',
      model_version: '1',
    });
    expect(bad).toMatchObject({ text: 'This is terrible.', prediction: 'negative' });
  });

  it('answers the lines of its standard input in their order', async () => {
    const texts = Array.from({ length: 3000 }, (_, k) => `transfer ${k} dollars to my savings account`);
    const { code, stdout } = await falcon(['predict', '--model', 'intent/1'], { input: `${texts.join('\n\n')}\n` });
    expect(code).toBe(0);
    const answers = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { text: string; prediction: string });
    expect(answers.map(({ text }) => text)).toEqual(texts);
    expect(new Set(answers.map(({ prediction }) => prediction))).toContain('transfer');
  });

  it('ends without a word when nobody reads on', async () => {
    const input = 'transfer money\n'.repeat(3000);
    const { code, stderr } = await falcon(['predict'], { input, leaveAt: /\n/ });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it.each([
    [['--model', 'nobody'], 'there is no model "nobody"'],
    [['--model', 'sentiment/9'], 'model "sentiment" has no version "9"'],
    [['--model-dir', '/nowhere'], 'the model directory "/nowhere" cannot be read: ENOENT'],
  ])('says in a sentence what is wrong with %j', async (options, sentence) => {
    const { code, stdout, stderr } = await falcon(['predict', 'hello', ...options]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^falcon: /);
    expect(stderr).toContain(sentence);
  });
});

describe('falcon models', () => {
  const dir = temporaryFolder();

  beforeAll(() => {
    cpSync(join(PROJECT_DIR, 'models/sentiment/1'), join(dir, 'sentiment/1'), { recursive: true });
    cpSync(join(PROJECT_DIR, 'models/sentiment/1'), join(dir, 'sentiment/2'), { recursive: true });
    truncateSync(join(dir, 'sentiment/2/weights.bin'), 100);
  });

  it('lists every version, whether it serves and why not', async () => {
    const { code, stdout } = await falcon(['models', 'list', '--model-dir', dir]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^sentiment\/1 +ready, serving {2}text-classification on wasm$/m);
    expect(stdout).toMatch(/^sentiment\/2 +refused: "weights.bin" has 100 bytes/m);
  });

  it('computes on the backend that the server would', async () => {
    const on = (backend: string) =>
      falcon(['models', 'check', 'sentiment/1', '--json'], { env: { INFERENCE_BACKEND: backend } });
    expect(JSON.parse((await on('cpu')).stdout)).toMatchObject([{ version: '1', state: 'ready', backend: 'cpu' }]);
    const { code, stderr } = await on('gpu');
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('one of auto, wasm, cpu, tensorflow'),
    });
  });

  it('inspects one version as JSON', async () => {
    const { stdout } = await falcon(['models', 'inspect', 'sentiment/1', '--model-dir', dir, '--json']);
    expect(JSON.parse(stdout)).toMatchObject([
      { name: 'sentiment', version: '1', labels: ['negative', 'neutral', 'positive'], backend: 'wasm' },
    ]);
  });

  it('inspects one version for people', async () => {
    const { stdout } = await falcon(['models', 'inspect', 'intent']);
    expect(stdout).toContain('inputs   ids int32[?, ?]; weights float32[?, ?]');
    expect(stdout).toContain('labels   150: ');
  });

  it('checks: exit code 0 when all versions load', async () => {
    const { code, stdout } = await falcon(['models', 'check', 'sentiment/1', '--model-dir', dir]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'ok      sentiment/1\n' });
  });

  it('checks: exit code 1 when one is refused', async () => {
    const { code, stdout } = await falcon(['models', 'check', '--model-dir', dir]);
    expect(code).toBe(1);
    expect(stdout).toContain('REFUSED sentiment/2: "weights.bin" has 100 bytes');
  });

  it('says when there is nothing to show', async () => {
    const { code, stderr } = await falcon(['models', 'inspect', 'nobody', '--model-dir', dir]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: `falcon: no model "nobody" in "${dir}"\n` });
  });
});
