import { constants } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogWriter } from '@app/resilience';
import { firstJson, lineOf } from './spool-line.js';
import type { SpoolPosition } from './segment.js';

/** Name of the file in a spool's folder. */
export const ACKNOWLEDGED_FILE = 'acknowledged';

const POSITION = /^\{"segment":(\d+),"offset":(\d+)\}$/;

/**
 * Remembers across restarts up to where a spool's records are in the table. An old or lost position costs records sent
 * twice, which the table ignores: so a failed write is reported and no more, and the file is overwritten in place, which
 * a full disk allows.
 */
export class AcknowledgedFile {
  private file: FileHandle | undefined;
  private latest: SpoolPosition | undefined;
  private saving: Promise<void> | undefined;
  private isFailing = false;

  constructor(
    private readonly folder: string,
    private readonly log: LogWriter,
  ) {}

  /** The position that was saved last; undefined when there is none, or none that can be trusted. */
  async load(): Promise<SpoolPosition | undefined> {
    const bytes = await readFile(join(this.folder, ACKNOWLEDGED_FILE)).catch(() => Buffer.alloc(0));
    const [, segment, offset] = POSITION.exec(firstJson(bytes) ?? '') ?? [];
    return segment && offset ? { segment: Number(segment), offset: Number(offset) } : undefined;
  }

  /** Resolves when this position or a later one is on the disk. Positions that come meanwhile share one write. */
  async save(position: SpoolPosition): Promise<void> {
    this.latest = { ...position };
    this.saving ??= this.saveLatest().finally(() => (this.saving = undefined));
    await this.saving;
  }

  private async saveLatest(): Promise<void> {
    while (this.latest) {
      const { segment, offset } = this.latest;
      this.latest = undefined;
      await this.write(lineOf(`{"segment":${segment},"offset":${offset}}`));
    }
  }

  async close(): Promise<void> {
    await this.saving;
    await this.file?.close();
    this.file = undefined;
  }

  private async write(line: Buffer): Promise<void> {
    try {
      const path = join(this.folder, ACKNOWLEDGED_FILE);
      this.file ??= await open(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
      await this.file.write(line, 0, line.length, 0);
      this.isFailing = false;
    } catch (error) {
      if (!this.isFailing) {
        this.log.warning('What is in the audit table cannot be noted in the spool: a restart would send it again', {
          folder: this.folder,
          error,
        });
      }
      this.isFailing = true;
    }
  }
}
