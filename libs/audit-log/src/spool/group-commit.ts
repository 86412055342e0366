import type { LogWriter } from '@app/resilience';
import { Group } from './group.js';
import { type SpoolError, SpoolTimeoutError, SpoolWriteError } from './spool.errors.js';

/** After a failed write the disk is left alone for so long, and callers are refused at once. */
const REST_MS = 100;
/** The watch looks this often within the time that an append may take. */
const TICKS = 8;

/** While many call, a write that waits for the disk is worth a wait for more records: it costs the same for one as for all. */
const GATHER = { records: 24, ms: 1 };
/** So many answers at a time are those of a batch of the model. A smaller group tells of few callers, who would wait in vain. */
const MANY_RECORDS = 8;

/** How groups are written, and whom to tell. */
export interface GroupCommitOptions {
  appendTimeoutMs: number;
  /** Resolves when the bytes are safe; never called again before. */
  write: (bytes: Buffer) => Promise<void>;
  /** True when the bytes are safe already; false when only `write` can tell. */
  writeNow: (bytes: Buffer) => boolean;
  onCommitted: (group: Group) => void;
  log: LogWriter;
}

/**
 * One write at a time; whatever arrives meanwhile, in the same turn of the event loop or, if that is many, in the same callback of it, goes together.
 * Nobody waits longer than the timeout: a disk that hangs is given up until it answers, and a disk that fails is tried again after a rest.
 */
export class GroupCommit {
  private filling: Group | undefined;
  private writing: Group | undefined;
  private spare: Buffer | undefined;
  private failure: SpoolError | undefined;
  private restUntilMs = -Infinity;
  private isHanging = false;
  private gathering: NodeJS.Timeout | undefined;
  private readonly watch: NodeJS.Timeout;

  constructor(private readonly options: GroupCommitOptions) {
    // One timer for all groups; a frozen process that wakes up sees one tick, not a second gone by.
    this.watch = setInterval(() => this.tick(), options.appendTimeoutMs / TICKS).unref();
  }

  /** Bytes that are not on the disk yet. */
  get waitingBytes(): number {
    return (this.writing?.bytes ?? 0) + (this.filling?.bytes ?? 0);
  }

  /** One promise for all of a group; rejects with SpoolWriteError or SpoolTimeoutError. */
  append(json: string, more?: string): Promise<void> {
    if (this.failure && (this.isHanging || performance.now() < this.restUntilMs)) {
      return Promise.reject(this.failure);
    }
    if (!this.filling) {
      this.filling = new Group(this.spare);
      this.spare = undefined;
      if (!this.writing && !this.gathering) {
        // A batch's answers come in one callback and leave with it, if no disk is waited for: what else is due in this turn would keep them.
        process.nextTick(this.flushMany);
        // Answers that come one by one wait for the others of this turn.
        setImmediate(this.flush);
      }
    }
    this.filling.add(json, more);
    if (this.gathering && this.filling.records >= GATHER.records) {
      this.stopGathering();
      setImmediate(this.flush);
    }
    return this.filling.settled.promise;
  }

  /** Waits for what is under way, as long as an append would. */
  async close(): Promise<void> {
    while (this.filling ?? this.writing) {
      if (this.isHanging) break;
      await (this.filling ?? this.writing)?.settled.promise.catch(() => undefined);
    }
    clearInterval(this.watch);
  }

  private readonly flushMany = (): void => {
    if (this.filling && this.filling.records >= MANY_RECORDS) this.flushNow(this.filling);
  };

  private readonly flush = (): void => {
    this.stopGathering();
    const group = this.filling;
    if (!group || this.writing || this.flushNow(group)) return;
    this.filling = undefined;
    this.writing = group;
    this.options.write(group.content()).then(
      () => this.afterWrite(group),
      (error: unknown) => this.onFailed(group, error),
    );
  };

  /** False when that group waits for the disk, which is to be asked. */
  private flushNow(group: Group): boolean {
    if (!this.options.writeNow(group.content())) return false;
    this.filling = undefined;
    this.onWritten(group);
    return true;
  }

  private afterWrite(group: Group): void {
    this.writing = undefined;
    this.onWritten(group);
    this.gather(group);
  }

  private onWritten(group: Group): void {
    this.spare = group.reusable();
    this.options.onCommitted(group);
    group.settled.resolve();
    if (this.failure) this.onRecovered(group);
  }

  /** Writes the next group, now or when it is worth it; `last` is the one before. */
  private gather(last: Group): void {
    const isLarge = (this.filling?.records ?? 0) >= GATHER.records;
    if (isLarge || last.records < MANY_RECORDS) this.flush();
    else this.gathering = setTimeout(this.flush, GATHER.ms);
  }

  private stopGathering(): void {
    clearTimeout(this.gathering);
    this.gathering = undefined;
  }

  private onFailed(group: Group, cause: unknown): void {
    this.writing = undefined;
    const error = new SpoolWriteError(cause);
    if (!(this.failure instanceof SpoolWriteError)) {
      this.options.log.error('The audit spool cannot be written', { error: cause });
    }
    this.isHanging = false;
    this.refuse(error, [group, this.filling]);
    this.restUntilMs = performance.now() + REST_MS;
  }

  private onRecovered(group: Group): void {
    const seconds = (performance.now() - group.startedMs) / 1000;
    this.options.log.info('The audit spool is written again', { seconds });
    this.failure = undefined;
    this.isHanging = false;
  }

  private tick(): void {
    for (const group of [this.writing, this.filling]) {
      if (group && ++group.ticks >= TICKS && !this.isHanging) this.onLate();
    }
  }

  /** The write may still succeed: its records are then on the spool although their callers were told otherwise. */
  private onLate(): void {
    const { appendTimeoutMs, log } = this.options;
    this.isHanging = true;
    log.error('The disk of the audit spool does not answer', { timeout_ms: appendTimeoutMs });
    this.refuse(new SpoolTimeoutError(appendTimeoutMs), [this.writing, this.filling]);
  }

  private refuse(error: SpoolError, groups: Array<Group | undefined>): void {
    this.failure = error;
    this.filling = undefined;
    groups.forEach((group) => group?.settled.reject(error));
  }
}
