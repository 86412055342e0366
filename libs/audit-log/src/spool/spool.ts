import type { LogWriter } from '@app/resilience';
import type { AuditObserver } from '../audit-observer.js';
import { GroupCommit } from './group-commit.js';
import type { Group } from './group.js';
import { SegmentWriter } from './segment-writer.js';
import { SpoolFolder } from './spool-folder.js';
import { MAX_RECORD_CHARACTERS } from './spool-line.js';
import { SpoolSource } from './spool-source.js';
import { SpoolClosedError, type SpoolError, SpoolFullError, SpoolRecordTooLongError } from './spool.errors.js';

const MIB = 1024 * 1024;
const MAX_SEGMENT_BYTES = 16 * MIB;
/** Bytes that may wait in memory for a slow disk. */
const MAX_MEMORY_BYTES = 16 * MIB;

/** Where a process keeps its records, and within which bounds. */
export interface SpoolOptions {
  /** Folder of all processes' spools. */
  root: string;
  /** Who writes it: the beginning of its folder's name. */
  name: string;
  /** Whether a record must survive the loss of power, not only the end of the process. */
  sync: boolean;
  /** Bytes that may wait to be acknowledged. */
  maxBytes: number;
  /** Longest time that an append waits for the disk. */
  appendTimeoutMs: number;
}

/** The records of this process on their way to the table: append-only files in a folder of its own. */
export class Spool {
  private readonly commit: GroupCommit;
  private readonly segments: SpoolSource;
  private isClosed = false;

  private constructor(
    private readonly options: SpoolOptions,
    private readonly folder: SpoolFolder,
    private readonly writer: SegmentWriter,
    private readonly context: { log: LogWriter; observer: AuditObserver },
  ) {
    const { log, observer } = context;
    const position = { segment: 0, offset: 0 };
    this.segments = new SpoolSource({ folder: folder.path, ends: writer.ends, log, observer }, position);
    this.commit = new GroupCommit({
      appendTimeoutMs: options.appendTimeoutMs,
      write: (bytes) => this.writer.write(bytes),
      writeNow: (bytes) => this.writer.writeNow(bytes),
      onCommitted: (group) => this.onCommitted(group, observer),
      log,
    });
  }

  /** Makes and locks the process's folder. */
  static async open(options: SpoolOptions, log: LogWriter, observer: AuditObserver): Promise<Spool> {
    const folder = await SpoolFolder.create(options.root, options.name, options.sync);
    const segmentBytes = Math.min(MAX_SEGMENT_BYTES, Math.ceil(options.maxBytes / 8));
    const onDeleted = async () => {
      log.error('Somebody deleted files of the audit spool, and the records in them', { folder: folder.path });
      await folder.restore();
    };
    const writer = new SegmentWriter({ folder: folder.path, sync: options.sync, segmentBytes, onDeleted });
    return new Spool(options, folder, writer, { log, observer });
  }

  /** The records as the shipper reads them. */
  get source(): SpoolSource {
    return this.segments;
  }

  /**
   * Resolves when the record is safe; the promise is shared by all records of one write, and rejects with a SpoolError.
   * @param json an object
   * @param more another one, whose members follow: so nobody puts the two together before they are bytes
   */
  append(json: string, more?: string): Promise<void> {
    const refusal = this.refusal(json.length + (more?.length ?? 0));
    return refusal ? Promise.reject(refusal) : this.commit.append(json, more);
  }

  /** What is not acknowledged yet. */
  stats(): { records: number; bytes: number } {
    return { records: this.segments.waitingRecords, bytes: this.segments.waitingBytes };
  }

  /** Writes what is under way. What is not acknowledged stays for the next start; a folder without such is removed. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    await this.commit.close();
    await this.segments.close();
    if (this.commit.waitingBytes > 0) return; // the disk hangs: the files stay open, and locked, until the process ends
    await this.writer.close();
    if (this.segments.isDrained()) await this.folder.remove().catch((error: unknown) => this.onStuck(error));
    else this.folder.release();
  }

  private onStuck(error: unknown): void {
    const { path: folder } = this.folder;
    this.context.log.warning('An audit spool is in the table and its folder cannot be removed: delete it', {
      folder,
      error,
    });
  }

  private refusal(length: number): SpoolError | undefined {
    const { maxBytes } = this.options;
    const inMemory = this.commit.waitingBytes + length;
    const onDisk = this.segments.waitingBytes + inMemory;
    if (this.isClosed) return new SpoolClosedError();
    if (length > MAX_RECORD_CHARACTERS) return new SpoolRecordTooLongError(length, MAX_RECORD_CHARACTERS);
    if (onDisk > maxBytes) return new SpoolFullError(onDisk, maxBytes, 'on disk');
    return inMemory > MAX_MEMORY_BYTES ? new SpoolFullError(inMemory, MAX_MEMORY_BYTES, 'in memory') : undefined;
  }

  private onCommitted(group: Group, observer: AuditObserver): void {
    this.segments.onWritten(group.records);
    observer.onSpooled(group.records, (performance.now() - group.startedMs) / 1000);
  }
}
