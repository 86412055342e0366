import { join } from 'node:path';
import type { LogWriter } from '@app/resilience';
import type { AuditObserver } from '../audit-observer.js';
import { RECORD_FORMAT } from '../audit-record.js';
import { AcknowledgedFile } from './acknowledged-file.js';
import { listSegments, readHeader, segmentFile, writtenBytes } from './segment.js';
import type { SpoolFolder } from './spool-folder.js';
import { SpoolSource } from './spool-source.js';
import { NewerSpoolError } from './spool.errors.js';

/** The spool of a process that is gone, now shipped by this one. */
export class AdoptedSpool extends SpoolSource {
  private constructor(
    private readonly owned: SpoolFolder,
    private readonly onStuck: (error: unknown) => void,
    ...source: ConstructorParameters<typeof SpoolSource>
  ) {
    super(...source);
  }

  /** Finds out what is in a folder that this process has locked; `onStuck` hears of a drained one that cannot be removed. */
  static async open(
    folder: SpoolFolder,
    context: { log: LogWriter; observer: AuditObserver; onStuck: (error: unknown) => void },
  ): Promise<AdoptedSpool> {
    const { log, observer, onStuck } = context;
    const ends = new Map<number, number>();
    for (const segment of await listSegments(folder.path)) {
      const path = join(folder.path, segmentFile(segment));
      const { format } = await readHeader(path);
      if (format > RECORD_FORMAT) throw new NewerSpoolError(format);
      const bytes = await writtenBytes(path);
      if (bytes > 0) ends.set(segment, bytes); // its process may have died before it wrote the first byte
    }
    const settled = (await new AcknowledgedFile(folder.path, log).load()) ?? { segment: 0, offset: 0 };
    return new AdoptedSpool(folder, onStuck, { folder: folder.path, ends, log, observer }, settled);
  }

  /** Ends the adoption: a drained spool is removed, any other left to whoever takes it next. */
  async release(): Promise<void> {
    await this.close();
    if (this.isDrained()) await this.owned.remove().catch(this.onStuck);
    else this.owned.release();
  }
}
