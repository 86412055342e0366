import { randomUUIDv7 } from 'node:crypto';
import type { LogWriter } from '@app/resilience';
import { AuditUnavailableError } from './audit-log.errors.js';
import type { AuditObserver } from './audit-observer.js';
import type { AuditLogOptions } from './audit-options.js';
import type { AuditRecord } from './audit-record.js';
import { hashOf, lengthOf, storable } from './audit-text.js';
import { pause } from './pause.js';
import { Spool } from './spool/spool.js';
import type { SpoolSource } from './spool/spool-source.js';

/** How long to wait between attempts to open the spool. */
const REOPEN_MS = 5000;
/** Records left out are reported at once, and those that follow as often as this. */
const REPORT_MS = 10_000;

/** What is added to a record here: who, when, under which id, and what is kept of the text. */
type Added = 'id' | 'created_at' | 'worker_id' | 'text_hash' | 'text_length' | 'text';

/** What the caller knows of an answer. */
export type AuditEntry = Omit<AuditRecord, Added>;

/** What the caller knows besides what the answer itself says. */
export type AuditEntryOfAnswer = Omit<AuditEntry, keyof InAnswer>;

/** The columns that an answer names as the table does. */
type InAnswer = Pick<
  AuditRecord,
  | 'request_id'
  | 'model'
  | 'model_version'
  | 'prediction'
  | 'confidence'
  | 'probabilities'
  | 'mode'
  | 'degraded_reason'
  | 'cache_hit'
  | 'idempotency_hit'
  | 'processing_time_ms'
>;

/** Records what was asked and answered: `append` it, wait, and let the answer leave. */
export class AuditLog {
  private spool?: Spool;
  private opening?: Promise<void>;
  private readonly stopped = new AbortController();
  private unreported = 0;
  private lastFailure: unknown;
  private nextReport: NodeJS.Timeout | undefined;
  private formattedMs = NaN;
  private formatted = '';
  private failedMs = -Infinity;

  constructor(
    private readonly options: AuditLogOptions,
    private readonly log: LogWriter,
    private readonly observer: AuditObserver,
  ) {}

  /** Whether anything is recorded at all. */
  get isOn(): boolean {
    return this.options.durability !== 'off';
  }

  /** Makes the spool ready. A folder that cannot be used is logged and tried again in the background. */
  async open(): Promise<void> {
    if (this.isOn && !(await this.tryToOpen())) {
      this.opening = this.keepOpening();
    }
  }

  /** The spool as the shipper reads it; undefined while there is none. */
  get source(): SpoolSource | undefined {
    return this.spool?.source;
  }

  /** Whether answers are recorded: the spool is open, and took every record of the last `withinMs`. */
  isRecording(withinMs: number): boolean {
    return this.spool !== undefined && performance.now() - this.failedMs > withinMs;
  }

  /** What is on the spool and not yet in the table. */
  stats(): { records: number; bytes: number } {
    return this.spool?.stats() ?? { records: 0, bytes: 0 };
  }

  /**
   * Resolves when the record survives what the options say it must; the answer may then leave.
   * A record that cannot be kept is counted and logged, and the answer leaves without.
   * @param text what was classified; it is hashed, and recorded itself only if the options say so
   * @throws {AuditUnavailableError} instead, where the options say `refuse`
   */
  async append(text: string, entry: AuditEntry): Promise<void> {
    if (this.isOn) {
      const model = entry.model && storable(entry.model);
      const version = entry.model_version && storable(entry.model_version);
      const message = entry.error_message && storable(entry.error_message);
      const known = { ...entry, model, model_version: version, error_message: message };
      await this.keep(this.json(text, known));
    }
  }

  /**
   * The same for a request that was answered.
   * @param answer the answer as it goes to the client: its JSON becomes part of the record as it is, because making it takes as
   * long as all the rest
   * @param textHash SHA-256 of the text, 64 hexadecimal digits, where the caller has it
   */
  appendAnswered(text: string, answer: string, entry: AuditEntryOfAnswer, textHash?: string): Promise<void> {
    // What is made here comes last: of two members of one name Postgres takes the second.
    return this.isOn ? this.keep(answer, this.json(text, entry, textHash)) : Promise.resolve();
  }

  /** Writes out what is under way and gives the spool up: what is not in the table yet is found by the next start. */
  async close(): Promise<void> {
    this.stopped.abort();
    await this.opening;
    await this.spool?.close();
    this.report();
    clearTimeout(this.nextReport);
  }

  private async tryToOpen(): Promise<boolean> {
    const { durability, spoolRoot, spoolMaxBytes, appendTimeoutMs, workerId } = this.options;
    try {
      this.spool = await Spool.open(
        { root: spoolRoot, name: workerId, sync: durability === 'disk', maxBytes: spoolMaxBytes, appendTimeoutMs },
        this.log,
        this.observer,
      );
      return true;
    } catch (error) {
      const fate = this.options.whenFull === 'refuse' ? 'requests are refused' : 'answers are not recorded';
      this.log.error(`The audit spool cannot be opened, and ${fate}: make the folder writable`, {
        folder: spoolRoot,
        error,
      });
      return false;
    }
  }

  private async keepOpening(): Promise<void> {
    const { signal } = this.stopped;
    do {
      await pause(REOPEN_MS, signal);
    } while (!signal.aborted && !(await this.tryToOpen()));
  }

  private async keep(json: string, more?: string): Promise<void> {
    try {
      if (!this.spool) {
        throw new Error('The spool is not open.');
      }
      await this.spool.append(json, more);
    } catch (error) {
      this.onLost(error);
    }
  }

  /** What the caller knows and what is added here. */
  private json(text: string, entry: AuditEntry | AuditEntryOfAnswer, textHash = hashOf(text)): string {
    return JSON.stringify({
      ...entry,
      id: randomUUIDv7(),
      created_at: this.timestamp(),
      worker_id: this.options.workerId, // of an answer that is given again, the answer names who gave it first
      text_hash: textHash,
      text_length: lengthOf(text),
      text: this.options.storeText ? storable(text) : undefined,
    });
  }

  /** Now, in ISO 8601; formatted once for all records of a millisecond. */
  private timestamp(): string {
    const nowMs = Date.now();
    if (nowMs !== this.formattedMs) {
      this.formattedMs = nowMs;
      this.formatted = new Date(nowMs).toISOString();
    }
    return this.formatted;
  }

  private onLost(error: unknown): void {
    this.failedMs = performance.now();
    if (this.options.whenFull === 'refuse') {
      throw new AuditUnavailableError(error);
    }
    this.observer.onDropped(1);
    this.unreported++;
    this.lastFailure = error;
    if (!this.nextReport) this.report();
  }

  private report(): void {
    clearTimeout(this.nextReport);
    this.nextReport = undefined;
    if (this.unreported === 0) return;
    this.log.error(`Audit buffer full or failing: ${this.unreported} answers left without a record`, {
      dropped: this.unreported,
      spool: this.stats(),
      error: this.lastFailure,
    });
    this.unreported = 0;
    this.nextReport = setTimeout(() => this.report(), REPORT_MS).unref();
  }
}
