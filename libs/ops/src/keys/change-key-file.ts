import { randomUUID } from 'node:crypto';
import { open, realpath, rename, rm, stat } from 'node:fs/promises';
import { KeyFileError, readKeyFile, type KeyRecord } from './key-file.js';

const OWNER_ALONE = 0o600;

/**
 * Changes a file of keys as a whole or not at all; one that is not there is made, for its owner's eyes alone.
 * @throws {KeyFileError} also when somebody else is changing it
 */
export async function changeKeyFile(path: string, change: (keys: KeyRecord[]) => KeyRecord[]): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const lock = `${target}.lock`;
  const held = await open(lock, 'wx').catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'EEXIST' ? `it is being changed; if not, remove ${lock}` : String(error.code);
    throw new KeyFileError(path, why, { cause: error });
  });
  try {
    await replace(target, { keys: change(await keysOf(target)) });
  } finally {
    await held.close();
    await rm(lock, { force: true });
  }
}

async function keysOf(path: string): Promise<KeyRecord[]> {
  try {
    return await readKeyFile(path);
  } catch (error) {
    const cause = (error as Error).cause as NodeJS.ErrnoException | undefined;
    if (cause?.code === 'ENOENT') {
      return [];
    }
    throw error;
  }
}

/** Written beside and renamed: a reader sees the old file or the new one, and so does whoever comes after a crash. */
async function replace(target: string, content: object): Promise<void> {
  const draft = `${target}.${randomUUID()}`;
  const mode = await stat(target).then(
    (stats) => stats.mode & 0o777,
    () => OWNER_ALONE,
  );
  const file = await open(draft, 'wx', OWNER_ALONE);
  try {
    await file.chmod(mode); // whoever could read the old one can read the new one
    await file.writeFile(`${JSON.stringify(content, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, target);
}
