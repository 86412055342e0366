import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { isVersion, MODEL_NAME } from '@app/inference';

/** Content of the files of a model version, by name. */
export type VersionFiles = Record<string, string | Buffer>;

/** Either is in every version that a server loads. */
const MARKS = ['falcon.json', 'model.json'];

/** @throws {Error} a sentence, when no version can be there, or what is there must not be replaced. */
export function checkVersionFolder(folder: string, replace: boolean): void {
  if (!isVersion(basename(resolve(folder)))) {
    throw new Error(`${folder} does not end in a version, a whole number from 1, as in models/sentiment/2`);
  }
  const model = basename(dirname(resolve(folder)));
  if (!MODEL_NAME.test(model)) throw new Error(`${folder} is no version of a model: "${model}" is not a model name`);
  if (!existsSync(folder)) return;
  if (!statSync(folder).isDirectory()) throw new Error(`${folder} is a file, and no folder of a version`);
  const names = readdirSync(folder);
  if (names.length > 0 && !MARKS.some((mark) => names.includes(mark))) {
    throw new Error(`${folder} has files that are no version of a model, and is not replaced`);
  }
  if (!replace) throw new Error(`${folder} exists: give --force to replace it`);
}

/**
 * Writes a version whole or not at all: into a hidden folder beside it, which servers pass over, then renamed.
 * A version that is replaced is moved aside first and deleted last.
 */
export function writeVersionFolder(folder: string, files: VersionFiles, replace: boolean): void {
  checkVersionFolder(folder, replace);
  const target = resolve(folder);
  const beside = (kind: string) => join(dirname(target), `.${basename(target)}.${kind}-${process.pid}`);
  const partial = beside('partial');
  const replaced = beside('replaced');
  mkdirSync(partial, { recursive: true });
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(partial, name), content, { flush: true });
    if (existsSync(target)) renameSync(target, replaced);
    renameSync(partial, target);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (existsSync(replaced) && !existsSync(target)) renameSync(replaced, target);
    throw error;
  }
  rmSync(replaced, { recursive: true, force: true });
}
