import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** Content of the files of a model version, by name. */
export type VersionFiles = Record<string, string | Buffer>;

/** @throws {Error} a sentence, when the folder is there and must not be replaced. */
export function checkVersionFolder(folder: string, replace: boolean): void {
  if (existsSync(folder) && !replace) throw new Error(`${folder} exists: give --force to replace it`);
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
