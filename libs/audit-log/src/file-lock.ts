import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';

const SQLITE_BUSY = 5;
const RETRY_MS = 20;

/** How a file is locked: by one process alone, or by any number that keep others from locking it alone. */
export type LockMode = 'exclusive' | 'shared';

/** A lock on a file, kept by an open transaction of SQLite: the kernel releases it when the process dies, however it dies. */
export class FileLock {
  private constructor(private readonly database: DatabaseSync) {}

  /** The lock, or undefined while others hold one that stands against it. */
  static try(path: string, mode: LockMode): FileLock | undefined {
    const database = new DatabaseSync(path, { timeout: 0 });
    try {
      if (mode === 'exclusive') {
        database.exec('BEGIN EXCLUSIVE');
      } else {
        database.exec('BEGIN');
        database.prepare('SELECT count(*) FROM sqlite_master').get(); // the first read takes the lock
      }
      return new FileLock(database);
    } catch (error) {
      database.close();
      if (((error as { errcode?: number }).errcode ?? 0) % 256 === SQLITE_BUSY) return undefined;
      throw error;
    }
  }

  /** Waits for the lock; undefined when it was not to be had in time. */
  static async wait(path: string, mode: LockMode, timeoutMs: number): Promise<FileLock | undefined> {
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      const lock = FileLock.try(path, mode);
      if (lock || performance.now() >= deadlineMs) return lock;
      await sleep(RETRY_MS);
    }
  }

  release(): void {
    this.database.close();
  }
}
