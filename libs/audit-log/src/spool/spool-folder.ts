import { randomBytes } from 'node:crypto';
import { mkdir, rmdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FileLock } from '../file-lock.js';
import { ACKNOWLEDGED_FILE } from './acknowledged-file.js';
import { listSegments, segmentFile } from './segment.js';
import { syncFolder } from './segment-writer.js';

/** The file that a process locks for as long as the folder is its own. */
export const LOCK = 'lock';
const LOCK_FILES = [`${LOCK}-journal`, LOCK];
const NAME = /^[\w.-]{1,72}-[0-9a-f]{8}$/;

/** A process's folder under the spool root, locked by this process until it releases it or dies. */
export class SpoolFolder {
  private constructor(
    readonly path: string,
    private lock: FileLock,
  ) {}

  /** Whether a folder of this name may be a spool. */
  static isName(name: string): boolean {
    return NAME.test(name);
  }

  /** A new folder, named after the process. */
  static async create(root: string, owner: string, sync: boolean): Promise<SpoolFolder> {
    const name = `${owner.replaceAll(/[^\w.-]/g, '_').slice(0, 64)}-${randomBytes(4).toString('hex')}`;
    const path = join(root, name);
    await makeFolder(path);
    let folder: SpoolFolder | undefined;
    try {
      folder = SpoolFolder.take(path);
      if (!folder) throw new Error(`Another process has locked ${path}, which was made this moment.`);
      if (sync) await Promise.all([syncFolder(root), syncFolder(dirname(root))]);
      return folder;
    } catch (error) {
      await (folder ? folder.remove() : removeEmpty(path)).catch(() => undefined); // each further attempt would leave another one behind
      throw error;
    }
  }

  /** The folder, unless a living process has it. */
  static take(path: string): SpoolFolder | undefined {
    const lock = FileLock.try(join(path, LOCK), 'exclusive');
    return lock && new SpoolFolder(path, lock);
  }

  /** Makes and locks the folder again after somebody has deleted it. */
  async restore(): Promise<void> {
    await makeFolder(this.path);
    const lock = FileLock.try(join(this.path, LOCK), 'exclusive');
    if (!lock) return; // only a segment was deleted
    this.lock.release();
    this.lock = lock;
  }

  /** Gives the folder to whoever wants it next. */
  release(): void {
    this.lock.release();
  }

  /**
   * Deletes what a spool consists of, records first, and then the folder if nothing else is in it. The lock is given up before:
   * NFS keeps an open file in its folder under another name. Nobody takes a folder that has just become empty.
   */
  async remove(): Promise<void> {
    try {
      const segments = (await listSegments(this.path)).map(segmentFile);
      await unlinkAll(this.path, [...segments, ACKNOWLEDGED_FILE]);
    } finally {
      this.release();
    }
    await removeEmpty(this.path);
  }
}

async function removeEmpty(path: string): Promise<void> {
  await unlinkAll(path, LOCK_FILES);
  await rmdir(path).catch(ignore('ENOENT'));
}

async function unlinkAll(folder: string, files: readonly string[]): Promise<void> {
  for (const file of files) await unlink(join(folder, file)).catch(ignore('ENOENT'));
}

/** A folder for this user alone, and the spool root, too; what is above, such as DATA_DIR, may be for others as well. */
async function makeFolder(path: string): Promise<void> {
  await mkdir(dirname(dirname(path)), { recursive: true });
  await mkdir(path, { recursive: true, mode: 0o700 });
}

function ignore(code: string): (error: NodeJS.ErrnoException) => void {
  return (error) => {
    if (error.code !== code) throw error;
  };
}
