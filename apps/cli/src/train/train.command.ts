import { basename } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { figuresTable } from '../evaluate/figures-markdown.js';
import { type LabelledRow, readLabelledRows, type RowColumns } from '../rows/labelled-rows.js';
import { splitRows } from '../rows/split-rows.js';
import { ProgressBar } from './progress-bar.js';
import { readRecipe, type Recipe, recipeSchema } from './recipe.js';
import { judgeTextModel, trainTextModel } from './train-text-model.js';
import type { Provenance } from './provenance.js';
import { toVersionFiles } from './version-files.js';
import { checkVersionFolder, writeVersionFolder } from './version-folder.js';

/** Options of `falcon train`. */
export interface TrainOptions {
  train: string;
  dev?: string;
  test?: string;
  devShare: number;
  testShare: number;
  recipe?: string;
  seed?: number;
  out: string;
  force?: boolean;
  textColumn: string;
  labelColumn: string;
}

type Data = Record<'train' | 'dev' | 'test', readonly LabelledRow[]> & { files: Provenance['data'] };

/** Training was stopped with Ctrl-C. */
export class TrainingInterruptedError extends Error {
  readonly code = 'TRAINING_INTERRUPTED';

  constructor() {
    super('training was interrupted; nothing was written');
  }
}

/** `falcon train`: from rows of text and label to a complete model version. */
export function trainCommand(): Command {
  return new Command('train')
    .description('train a text classifier from rows of text and label, and write it as a model version')
    .requiredOption('--train <file>', 'rows to learn from: .jsonl, .csv or .tsv')
    .option('--dev <file>', 'rows that temperature and threshold are set with; default: a share of the training rows')
    .option('--test <file>', 'rows that only the reported figures see; default: a share of the training rows')
    .addOption(share('--dev-share <share>', 'share of the training rows for dev, when there is no file', 0.1))
    .addOption(share('--test-share <share>', 'share of the training rows for test, when there is no file', 0))
    .option('--recipe <file>', 'JSON with features, members and everything else that decides; default: a linear model')
    .addOption(
      new Option('--seed <number>', "seed of all random choices; default: the recipe's").argParser(wholeNumber),
    )
    .requiredOption('--out <folder>', 'version folder to write, for example models/sentiment/2')
    .option('--force', 'replace the version folder if it exists; of one that has served, caches keep the predictions')
    .option('--text-column <name>', 'column or member that holds the text', 'text')
    .option('--label-column <name>', 'column or member that holds the label', 'label')
    .action(runUntilInterrupted);
}

async function runUntilInterrupted(options: TrainOptions): Promise<void> {
  const controller = new AbortController();
  const interrupt = () => controller.abort(new TrainingInterruptedError());
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    await train(options, controller.signal);
  } catch (error) {
    if (!(error instanceof TrainingInterruptedError)) throw error;
    console.error(`falcon: ${error.message}`);
    process.exitCode = 130;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

/**
 * Trains, judges and writes a version; nothing is written before all of it is there.
 * @throws the signal's reason, when it is aborted.
 */
export async function train(options: TrainOptions, signal?: AbortSignal): Promise<void> {
  checkVersionFolder(options.out, options.force ?? false);
  const recipe = recipeOf(options);
  const data = readData(options, recipe.seed);
  const bar = new ProgressBar();
  const trained = await trainTextModel(data, recipe, {
    signal,
    onStart: (texts) => bar.start(texts),
    onProgress: (progress) => bar.update(progress),
  }).finally(() => bar.stop());
  const judged = (['dev', 'test'] as const).filter((role) => data[role].length > 0);
  const figures = Object.fromEntries(judged.map((role) => [role, judgeTextModel(trained, data[role])]));
  const goldenText = recipe.golden ?? data.dev[0]?.text ?? data.train[0]!.text;
  const provenance = { command: commandLine(options), recipe, data: data.files, figures, goldenText };
  await nextTurn(); // a signal that came since the last step is heard only now
  signal?.throwIfAborted();
  writeVersionFolder(options.out, toVersionFiles(trained, provenance), options.force ?? false);
  console.log(`${figuresTable(figures)}\n\nwrote ${options.out}`);
}

function recipeOf({ recipe: file, seed }: TrainOptions): Recipe {
  const recipe = file === undefined ? recipeSchema.parse({}) : readRecipe(file);
  return seed === undefined ? recipe : { ...recipe, seed };
}

function readData(options: TrainOptions, seed: number): Data {
  const columns: RowColumns = { text: options.textColumn, label: options.labelColumn };
  const read = (file: string | undefined) => (file === undefined ? undefined : readLabelledRows(file, columns));
  const [train, dev, test] = [readLabelledRows(options.train, columns), read(options.dev), read(options.test)];
  const shares = { dev: dev ? 0 : options.devShare, test: test ? 0 : options.testShare };
  const split = splitRows(train.rows, shares, seed);
  const rows = {
    train: dev && shares.test === 0 ? train.rows : split.train,
    dev: dev?.rows ?? split.dev,
    test: test?.rows ?? split.test,
  };
  if (rows.train.length === 0 || rows.dev.length === 0)
    throw new Error('there are no rows left to train on, or none for dev');
  const used = Object.entries({ train, dev, test }).flatMap(([role, file]) =>
    file ? [[role, { name: file.name, sha256: file.sha256, rows: file.rows.length }] as const] : [],
  );
  return { ...rows, files: Object.fromEntries(used) };
}

/** The options that decide the result; files by name, for where they lie is different for everyone. */
function commandLine(options: TrainOptions): string {
  const parts = ['falcon train'];
  if (options.recipe !== undefined) parts.push(`--recipe ${options.recipe}`);
  for (const role of ['train', 'dev', 'test'] as const) {
    const file = options[role];
    if (file !== undefined) parts.push(`--${role} ${basename(file)}`);
  }
  if (options.dev === undefined) parts.push(`--dev-share ${options.devShare}`);
  if (options.test === undefined && options.testShare > 0) parts.push(`--test-share ${options.testShare}`);
  if (options.seed !== undefined) parts.push(`--seed ${options.seed}`);
  if (options.textColumn !== 'text') parts.push(`--text-column ${options.textColumn}`);
  if (options.labelColumn !== 'label') parts.push(`--label-column ${options.labelColumn}`);
  return [...parts, `--out ${options.out}`].join(' ');
}

function share(flags: string, description: string, value: number): Option {
  return new Option(flags, description).default(value).argParser((text) => {
    const number = Number(text);
    if (!(number >= 0 && number < 1)) throw new Error(`${flags.split(' ')[0]} must be from 0 to below 1, not ${text}`);
    return number;
  });
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw new Error(`--seed must be a whole number, not ${text}`);
  return number;
}
