import { constants } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogWriter } from '@app/resilience';
import type { AuditObserver } from '../audit-observer.js';
import { AdoptedSpool } from './adopted-spool.js';
import { listSegments } from './segment.js';
import { SpoolFolder } from './spool-folder.js';
import { NewerSpoolError } from './spool.errors.js';

/** A folder without records is left alone for so long: its process may be about to lock it. */
const GRACE_MS = 60_000;

/** Finds the spools of processes that are gone, under the root that several processes share. */
export class Orphans {
  /** What is wrong with a name is logged once. */
  private readonly reported = new Set<string>();
  /** Spools that are in the table and cannot be removed: shipping them again would help nobody. */
  private readonly stuck = new Set<string>();

  constructor(
    private readonly root: string,
    private readonly log: LogWriter,
    private readonly observer: AuditObserver,
  ) {}

  /** Locks up to `most` spools whose owners are dead. The caller ships each and releases it. */
  async adopt(most = 4): Promise<AdoptedSpool[]> {
    const adopted: AdoptedSpool[] = [];
    for (const name of await this.names()) {
      if (adopted.length >= most) break;
      try {
        const spool = await this.tryToAdopt(name);
        if (spool) adopted.push(spool);
      } catch (error) {
        this.report(name, error);
      }
    }
    return adopted;
  }

  private async names(): Promise<string[]> {
    const entries = await readdir(this.root, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') this.report('', error);
      return [];
    });
    const isSpool = (entry: (typeof entries)[number]) => entry.isDirectory() && SpoolFolder.isName(entry.name);
    for (const { name } of entries.filter((entry) => !isSpool(entry))) {
      this.reportOnce(name, () => this.log.warning('A file that is no audit spool is left alone', this.at(name)));
    }
    return entries.filter(isSpool).map(({ name }) => name);
  }

  private async tryToAdopt(name: string): Promise<AdoptedSpool | undefined> {
    const path = join(this.root, name);
    if (this.stuck.has(name) || (await isYoungAndEmpty(path))) return undefined;
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    const folder = SpoolFolder.take(path);
    if (!folder) return undefined;
    try {
      const spool = await AdoptedSpool.open(folder, {
        log: this.log,
        observer: this.observer,
        onStuck: (error) => this.onStuck(name, error),
      });
      if (spool.waitingBytes > 0) return spool;
      await spool.release();
      return undefined;
    } catch (error) {
      folder.release();
      throw error;
    }
  }

  private onStuck(name: string, error: unknown): void {
    this.stuck.add(name);
    this.log.error('An audit spool is in the table and cannot be removed: delete it', { ...this.at(name), error });
  }

  private report(name: string, error: unknown): void {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return; // a neighbour was quicker
    const message =
      error instanceof NewerSpoolError
        ? `An audit spool is left alone. ${error.message} Run the newer Falcon on this folder to ship it`
        : 'An audit spool of a stopped process cannot be read: its records wait until its folder can be used';
    this.reportOnce(name, () => this.log.error(message, { ...this.at(name), error }));
  }

  private reportOnce(name: string, write: () => void): void {
    if (this.reported.has(name)) return;
    this.reported.add(name);
    write();
  }

  private at(name: string): { folder: string } {
    return { folder: join(this.root, name) };
  }
}

async function isYoungAndEmpty(path: string): Promise<boolean> {
  const { mtimeMs } = await stat(path);
  return Date.now() - mtimeMs < GRACE_MS && (await listSegments(path)).length === 0;
}
