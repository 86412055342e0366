import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PROJECT_DIR } from '../../../scripts/test-support/program.js';
import { temporaryFolder } from '../../../scripts/test-support/temporary-folder.js';
import { describeWhere } from '../../../scripts/test-support/tools.js';
import { falcon } from './support/falcon.js';

const SHARED = resolve(PROJECT_DIR, '../shared/data');

const GOOD = ['a lovely day', 'what a great film', 'I like this very much', 'good food and kind people'];
const BAD = ['a dreadful day', 'what a poor film', 'I hate this very much', 'stale food and rude people'];
const STRANGE = ['zxcv qwer', 'lorem ipsum dolor'];

function rowsOf(from: number, to: number): [text: string, label: string][] {
  return Array.from({ length: to - from }, (_, k) => {
    const n = from + k;
    if (n % 10 === 9) return [`${STRANGE[n % 2]} ${n}`, 'other'];
    return n % 2 === 0 ? [`${GOOD[n % 4]}, "number" ${n}`, 'good'] : [`${BAD[n % 4]}, "number" ${n}`, 'bad'];
  });
}

function csv(rows: [string, string][]): string {
  return ['text,label', ...rows.map(([text, label]) => `"${text.replaceAll('"', '""')}",${label}`), ''].join('\r\n');
}

describe('falcon train and falcon evaluate', () => {
  let folder: string;
  let files: { train: string; dev: string; test: string; recipe: string };

  beforeAll(() => {
    folder = temporaryFolder();
    const at = (name: string) => join(folder, name);
    files = { train: at('train.csv'), dev: at('dev.tsv'), test: at('test.jsonl'), recipe: at('recipe.json') };
    const dev = rowsOf(600, 700).map(([text, label]) => `${text}\t${label}`);
    const test = rowsOf(700, 800).map(([text, label]) => JSON.stringify({ text, label }));
    writeFileSync(files.train, csv(rowsOf(0, 600)));
    writeFileSync(files.dev, `text\tlabel\n${dev.join('\n')}\n`);
    writeFileSync(files.test, test.join('\n'));
    writeFileSync(
      files.recipe,
      JSON.stringify({ outOfScope: { label: 'other', maxAccuracyLoss: 0.1 }, members: [{}, { hiddenUnits: 8 }] }),
    );
  });

  function train(out: string, ...more: string[]): string[] {
    const { train: rows, dev, test, recipe } = files;
    return [
      'train',
      '--recipe',
      recipe,
      '--train',
      rows,
      '--dev',
      dev,
      '--test',
      test,
      '--out',
      join(folder, out),
      ...more,
    ];
  }

  const modelOption = (name: string) => ['--model', name, '--model-dir', join(folder, 'models')];

  it('write a version that the server loads and that is as good as it says', async () => {
    const trained = await falcon(train('models/mood/1'));
    expect(trained).toMatchObject({ code: 0, stdout: expect.stringContaining('| test | 90 |') as string });
    expect(trained.stderr).toMatch(/100% \| loss \d\.\d{4} \| \d+ texts\/s/);
    expect(readdirSync(join(folder, 'models/mood'))).toEqual(['1']);
    expect(readdirSync(join(folder, 'models/mood/1')).sort()).toEqual([
      'card.md',
      'falcon.json',
      'model.json',
      'vocabulary.tsv',
      'weights.bin',
    ]);

    const judged = await falcon(['evaluate', files.test, '--format', 'json', ...modelOption('mood/1')]);
    expect(judged.code).toBe(0);
    const figures = JSON.parse(judged.stdout) as Record<string, number> & { outOfScope: Record<string, number> };
    const manifest = JSON.parse(readFileSync(join(folder, 'models/mood/1/falcon.json'), 'utf8'));
    expect(figures.accuracy).toBeGreaterThan(0.85);
    expect(figures.outOfScope.rows).toBe(10);
    expect(manifest.training.metrics.test).toMatchObject({
      accuracy: Number(figures['accuracy']?.toFixed(4)),
      calibrationError: expect.closeTo(figures['calibrationError'] ?? Number.NaN, 3) as number,
      outOfScopeRecall: Number(figures.outOfScope['recall']?.toFixed(4)),
    });
  });

  it('print a report that people read', async () => {
    const { stdout } = await falcon(['evaluate', files.test, ...modelOption('mood')]);
    expect(stdout).toMatch(/\| all \| 90 \| \d+\.\d\d % \|/);
    expect(stdout).toMatch(/\| bad \| 50 \||\| bad \| 40 \|/);
    expect(stdout).toContain('| expected \\ predicted |');
  });

  it('give the same bytes when run again', async () => {
    expect((await falcon(train('models/mood/2'))).code).toBe(0);
    for (const name of ['model.json', 'weights.bin', 'vocabulary.tsv']) {
      const [first, again] = [1, 2].map((version) => readFileSync(join(folder, `models/mood/${version}`, name)));
      expect(again?.equals(first!)).toBe(true);
    }
    expect((await falcon(train('models/mood/2', '--force', '--seed', '2'))).code).toBe(0);
    const [first, other] = [1, 2].map((version) => readFileSync(join(folder, `models/mood/${version}/weights.bin`)));
    expect(other?.equals(first!)).toBe(false);
  });

  it('leave nothing behind at Ctrl-C', async () => {
    const recipe = join(folder, 'endless.json');
    writeFileSync(recipe, JSON.stringify({ members: [{ epochs: 1000 }] }));
    const out = join(folder, 'models/endless/1');
    const args = ['train', '--recipe', recipe, '--train', files.train, '--out', out];
    const { code, stderr } = await falcon(args, { interruptAt: /training \[/ });
    expect(code).toBe(130);
    expect(stderr).toContain('training was interrupted; nothing was written');
    expect(existsSync(join(folder, 'models/endless'))).toBe(false);
  });

  it('cut dev and test rows from the training rows when there are no files', async () => {
    const out = join(folder, 'models/split/1');
    const shares = ['--dev-share', '0.2', '--test-share', '0.1'];
    const { code, stdout } = await falcon(['train', '--train', files.train, '--out', out, ...shares]);
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/\| dev \| 120 \|[^]*\| test \| 60 \|/) as string,
    });
  });

  it.each([
    [['--out', 'OUT'], "required option '--train <file>' not specified"],
    [['--train', 'no.csv', '--out', 'OUT'], 'no.csv'],
    [['--train', 'TRAIN', '--out', 'OUT', '--dev-share', '2'], '--dev-share must be from 0 to below 1, not 2'],
    [['--train', 'TRAIN', '--out', 'EXISTS'], 'exists: give --force to replace it'],
    [['--train', 'TRAIN', '--out', 'MODEL', '--force'], 'does not end in a version, a whole number from 1'],
    [['--train', 'TRAIN', '--out', 'OUT', '--dev', 'FOREIGN'], 'no dev row has a label of the training rows'],
    [['--train', 'TRAIN', '--out', 'OUT', '--text-column', 'tweet'], ':2: "tweet" is not a text'],
  ])('refuse %j with a sentence', async (args, message) => {
    const places: Record<string, string> = {
      OUT: join(folder, 'models/refused/1'),
      TRAIN: files.train,
      EXISTS: join(folder, 'models/mood/1'),
      MODEL: join(folder, 'models/mood'),
      FOREIGN: join(folder, 'foreign.csv'),
    };
    writeFileSync(places['FOREIGN']!, csv([['ein guter Tag', 'gut']]));
    const { code, stderr } = await falcon(['train', ...args.map((arg) => places[arg] ?? arg)]);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(existsSync(join(folder, 'models/refused'))).toBe(false);
  });
});

describeWhere(existsSync(SHARED), `there is no ${SHARED}`, 'the shipped models answer as their cards say', () => {
  let folder: string;

  beforeAll(() => (folder = temporaryFolder()));

  async function judge(model: string, file: string) {
    const { stdout } = await falcon(['evaluate', file, '--model', model, '--format', 'json']);
    const manifest = JSON.parse(readFileSync(join(PROJECT_DIR, 'models', model, 'falcon.json'), 'utf8'));
    return { figures: JSON.parse(stdout), claimed: manifest.training.metrics.dev };
  }

  it('sentiment', async () => {
    const { figures, claimed } = await judge('sentiment/1', join(SHARED, 'semeval2017-sentiment/dev.jsonl'));
    expect(figures.macroRecall).toBeCloseTo(claimed.macroRecall, 3);
    expect(figures.calibrationError).toBeLessThanOrEqual(0.05);
  });

  it('intent, on rows that the script makes', async () => {
    const script = join(PROJECT_DIR, 'scripts/clinc150-to-jsonl.mjs');
    execFileSync(process.execPath, [script, join(SHARED, 'clinc150/data_full.json'), folder]);
    const { figures, claimed } = await judge('intent/1', join(folder, 'dev.jsonl'));
    expect(figures.accuracy).toBeCloseTo(claimed.accuracy, 3);
    expect(figures.outOfScope.recall).toBeCloseTo(claimed.outOfScopeRecall, 3);
  });
});
