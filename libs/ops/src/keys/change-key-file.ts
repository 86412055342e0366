import { randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { checkedKeys, KeyFileError, readKeyFile, type KeyRecord } from './key-file.js';

const OWNER_ALONE = 0o600;
const GROUP_MAY = 0o070;

/**
 * Changes a file of keys as a whole or not at all; one that is not there is made, for its owner's eyes alone.
 * @throws {KeyFileError} also when somebody else is changing it, or nobody could read what would become of it
 */
export async function changeKeyFile(path: string, change: (keys: KeyRecord[]) => KeyRecord[]): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const lock = `${target}.lock`;
  const held = await open(lock, 'wx').catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'EEXIST' ? `it is being changed; if not, remove ${lock}` : String(error.code);
    throw new KeyFileError(path, why, { cause: error });
  });
  try {
    const keys = change(await keysOf(target));
    await replace(target, { keys: checkedKeys(path, { keys }) });
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
  const old = await stat(target).catch(() => undefined);
  const file = await open(draft, 'wx', OWNER_ALONE);
  try {
    if (old) await beReadableAs(old, file, target);
    await file.writeFile(`${JSON.stringify(content, null, 2)}\n`);
    await file.sync();
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** Whoever could read the old one can read the new one: a server that cannot goes on with keys that were revoked. */
async function beReadableAs(old: Stats, file: FileHandle, target: string): Promise<void> {
  const { uid, gid } = await file.stat();
  if (uid !== old.uid || gid !== old.gid) {
    await file.chown(old.uid, old.gid).catch((error: NodeJS.ErrnoException) => {
      if (uid === old.uid && (old.mode & GROUP_MAY) === 0) return; // the group has no part in it
      const why = `it belongs to ${old.uid}:${old.gid}, and only that user, in that group, or root can change it (${error.code})`;
      throw new KeyFileError(target, why, { cause: error });
    });
  }
  await file.chmod(old.mode & 0o777);
}
