import { stat } from 'node:fs/promises';
import type { Log } from '../logging/log.js';
import { keptKey, readKeyFile } from './key-file.js';
import { KeyRing } from './key-ring.js';

const LOOK_MS = 1000;

/** Where keys come from; without any there is an empty ring. */
export interface KeySources {
  file?: string | undefined;
  adminKey?: string | undefined;
}

/** How a change of the file ended. */
export type ReloadStatus = 'success' | 'error';

/**
 * The keys of the moment. The file is looked at every second rather than watched: a secret mount is changed by swapping a
 * symbolic link above it, which watchers of the file do not see.
 */
export class KeyStore {
  private timer: NodeJS.Timeout | undefined;
  /** Why the file could not be read when it was last looked at; it is tried again, as that may pass without a change. */
  private unread: string | undefined;

  private constructor(
    private readonly sources: KeySources,
    private readonly log: Log,
    private seen: string,
    private current: KeyRing,
  ) {}

  /** @throws {KeyFileError} when the file cannot be used: there are no older keys to go on with. */
  static async open(sources: KeySources, log: Log): Promise<KeyStore> {
    return new KeyStore(sources, log, await formOf(sources.file), await ringOf(sources));
  }

  get ring(): KeyRing {
    return this.current;
  }

  /** From here on changes of the file are taken over. */
  start(onReload: (status: ReloadStatus) => void): void {
    if (this.sources.file !== undefined) {
      this.timer = setTimeout(() => void this.look(onReload).then(() => this.timer?.refresh()), LOOK_MS).unref();
    }
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** A file that cannot be used changes nothing, and is said once for each of its forms and reasons. */
  private async look(onReload: (status: ReloadStatus) => void): Promise<void> {
    const { file } = this.sources;
    const form = await formOf(file);
    const told = form === this.seen ? this.unread : undefined;
    if (form === this.seen && told === undefined) {
      return;
    }
    this.seen = form;
    this.unread = undefined;
    try {
      this.current = await ringOf(this.sources);
      this.log.info('The file of keys has changed and was taken over', { file, keys: this.current.size });
      onReload('success');
    } catch (error) {
      const { message: reason, cause } = error as Error;
      this.unread = cause === undefined ? undefined : reason;
      if (reason === told) {
        return;
      }
      this.log.error('The file of keys has changed and cannot be used: the keys from before go on', { file, reason });
      onReload('error');
    }
  }
}

async function ringOf({ file, adminKey }: KeySources): Promise<KeyRing> {
  const records = file === undefined ? [] : await readKeyFile(file);
  return new KeyRing(records.map(keptKey), adminKey);
}

/** Differs when the file may: another file in its place, or another content. Taken before the content is read. */
async function formOf(file: string | undefined): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(file ?? '', { bigint: true });
    return [ino, size, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}
