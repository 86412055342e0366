import { setTimeout as sleep } from 'node:timers/promises';
import { jittered, type LogWriter } from '@app/resilience';
import type { AuditObserver } from '../audit-observer.js';
import { pause } from '../pause.js';
import type { SpoolBatch, SpoolSource } from '../spool/spool-source.js';
import { MAX_JOB_BYTES, MAX_JOB_RECORDS } from './audit-job.js';
import type { AuditQueue } from './audit-queue.js';
import { QueueUnavailableError } from './audit-queue.errors.js';
import { Backlog } from './backlog.js';
import { type Shipment, shipmentOf, Shipments } from './shipments.js';

/** Jobs of one spool that may be under way: it bounds the queue's memory while Postgres is away. */
const WINDOW_JOBS = 64;
/** The jobs under way are kept, to be sent again should the queue lose them. */
const WINDOW_BYTES = 16 * 1024 * 1024;
const LIMITS = { maxRecords: MAX_JOB_RECORDS, maxBytes: MAX_JOB_BYTES };
/** A small job is worth a wait: what comes in the meantime goes with it. */
const GATHER_MS = 100;
/** How often the queue is asked what has become of jobs: often while something moves, then ever more rarely. */
const POLL = { minMs: 50, maxMs: 1000 };
/** Jobs that are asked for at once. */
const ASK = 8;
/** Not longer: while the queue is away its breaker lets hardly any of these through. */
const RETRY = { baseMs: 100, capMs: 2000 };
/** A record that is older than this before it is in the table has been part of a backlog. */
const BACKLOG_MS = 5000;
/** At shutdown: no confirmation for this long means that none will come in time. */
const PATIENCE_MS = 2000;
/**
 * At shutdown: a queue that does not answer is tried for half of the time that is left, so that the other half suffices to
 * send the rest, and no longer than this: a Redis restarts or fails over in less, and where the spool outlives the process
 * a longer one keeps everybody waiting for nothing.
 */
const AWAY_PATIENCE_MS = 15_000;

/**
 * Brings the records of one spool onto the queue, and acknowledges a stretch of the spool only when its job is completed,
 * that is, when its rows are in the table. A queue that has lost a job is sent it again.
 */
export class Shipper {
  private readonly underWay = new Shipments(WINDOW_JOBS, WINDOW_BYTES);
  private readonly stopping = new AbortController();
  private readonly backlog = new Backlog();
  /** Read, and not packed yet. */
  private batch: SpoolBatch | undefined;
  private unsent: Shipment | undefined;
  private running?: Promise<void>;
  private gatherUntilMs = 0;
  private pollMs = POLL.minMs;

  constructor(
    private readonly source: SpoolSource,
    private readonly queue: AuditQueue,
    private readonly log: LogWriter,
    private readonly observer: AuditObserver,
  ) {}

  /** Ships in the background from here on. */
  start(): void {
    this.running ??= this.run();
  }

  /**
   * Age of the oldest record that has been read off the spool and is not in the table yet; 0 when there is none. Those that
   * cannot be read are at least as old as that state.
   */
  lagSeconds(): number {
    const oldestAt = (this.underWay.oldest ?? this.unsent ?? this.batch)?.oldestAt;
    const oldestMs = oldestAt === undefined ? this.source.unreadableSinceMs : Date.parse(oldestAt);
    return oldestMs === undefined ? 0 : Math.max(0, (Date.now() - oldestMs) / 1000);
  }

  /** Stops shipping; what is not confirmed stays on the spool. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /**
   * For the shutdown: puts all that is left on the queue, more than the window if need be, and waits for it as long as
   * it moves; a queue that is away may come back meanwhile. True when everything is in the table.
   */
  async flush(deadlineMs: number): Promise<boolean> {
    await this.stop();
    try {
      await this.sendRest(deadlineMs);
      await this.confirmRest(deadlineMs);
    } catch {
      // It has been told, and tried for long enough.
    }
    const isDone = this.isDone();
    if (!isDone) {
      this.log.info('Audit records are left on the spool for the next start', { source: this.source.id });
    }
    return isDone;
  }

  private async run(): Promise<void> {
    for (let failures = 0; !this.stopping.signal.aborted;) {
      try {
        const moved = await this.pass();
        failures = 0;
        await this.rest(moved);
      } catch (error) {
        failures++;
        this.onFailure(error);
        await this.pause(jittered(RETRY, failures));
      }
    }
  }

  /** Sends what may be sent and confirms what is done; true when something has moved. */
  private async pass(): Promise<boolean> {
    const sent = await this.send();
    const confirmed = await this.confirm();
    return sent || confirmed;
  }

  private async send(): Promise<boolean> {
    let hasSent = false;
    while (!this.underWay.isFull() && (this.unsent || performance.now() >= this.gatherUntilMs)) {
      if (!(await this.sendNext())) {
        break;
      }
      hasSent = true;
    }
    return hasSent;
  }

  /** Sends one job; false when there is nothing to send. One that cannot be sent is kept and goes first the next time. */
  private async sendNext(): Promise<boolean> {
    try {
      return await this.sendOne();
    } catch (error) {
      await this.confirm(); // a queue whose memory is full takes nothing, and what is removed from it makes room
      throw error;
    }
  }

  private async sendOne(): Promise<boolean> {
    this.unsent ??= await this.readNext();
    if (!this.unsent) {
      return false;
    }
    await this.put(this.unsent);
    this.underWay.add(this.unsent);
    this.unsent = undefined;
    this.noteCaughtUp();
    return true;
  }

  /** What is read is kept until it is packed: the source does not hand it out twice. */
  private async readNext(): Promise<Shipment | undefined> {
    this.batch ??= await this.source.next(LIMITS);
    if (!this.batch || !isLarge(this.batch)) {
      this.gatherUntilMs = performance.now() + GATHER_MS;
    }
    const shipment = this.batch && (await shipmentOf(this.batch));
    this.batch = undefined;
    return shipment;
  }

  private async put({ id, records, job }: Shipment, again = false): Promise<void> {
    if (!job) {
      throw new QueueUnavailableError('it loses jobs while the last ones are sent');
    }
    if (again) {
      await this.queue.remove([id]);
    }
    await this.queue.add(id, job);
    this.observer.onShipped(records, again);
  }

  /** Acknowledges what is completed, from the oldest on, and sends again what the queue has lost. */
  private async confirm(): Promise<boolean> {
    let hasConfirmed = false;
    while (this.underWay.size > 0) {
      const asked = this.underWay.first(ASK);
      const progress = await this.queue.progressOf(asked.map(({ id }) => id));
      const done = progress.findIndex((state) => state !== 'completed');
      const completed = done === -1 ? asked.length : done;
      if (completed > 0) {
        await this.acknowledge(asked.slice(0, completed));
        hasConfirmed = true;
      }
      if (progress.includes('lost')) {
        await this.sendLostAgain();
      }
      if (completed < asked.length) {
        break;
      }
    }
    return hasConfirmed;
  }

  private async acknowledge(completed: readonly Shipment[]): Promise<void> {
    const last = completed.at(-1);
    if (!last) return;
    if (this.lagSeconds() * 1000 > BACKLOG_MS) {
      this.backlog.seen();
    }
    await this.source.acknowledge(last.end);
    this.underWay.drop(completed.length);
    this.backlog.confirm(completed.reduce((sum, { records }) => sum + records, 0));
    this.noteCaughtUp();
    await this.queue.remove(completed.map(({ id }) => id));
  }

  private async sendLostAgain(): Promise<void> {
    const all = this.underWay.first(this.underWay.size);
    const progress = await this.queue.progressOf(all.map(({ id }) => id));
    const lost = all.filter((_, index) => progress[index] === 'lost');
    this.log.warning('The queue has lost jobs: they are sent again', { jobs: lost.length, source: this.source.id });
    for (const shipment of lost) {
      await this.put(shipment, true);
    }
  }

  private isDone(): boolean {
    return this.underWay.size === 0 && !this.unsent && this.source.isDrained();
  }

  private noteCaughtUp(): void {
    const { oldest } = this.underWay;
    if (!oldest && !this.isDone()) {
      return; // the oldest one left is not read yet
    }
    const flushed = this.backlog.flushed(oldest ? Date.parse(oldest.oldestAt ?? '') : Infinity);
    if (flushed > 0) {
      this.log.info(`Flushed ${flushed} logs`, { source: this.source.id });
    }
  }

  private onFailure(error: unknown): void {
    this.backlog.seen();
    // That the queue is away is said once, by whoever watches the connection.
    if (!(error instanceof QueueUnavailableError)) {
      this.log.error('Shipping audit records failed, and is tried again', { source: this.source.id, error });
    }
  }

  /** Waits until there may be something to do. */
  private async rest(hasMoved: boolean): Promise<void> {
    if (this.underWay.size === 0 && !this.unsent) {
      this.pollMs = POLL.minMs;
      await this.interrupted(this.source.whenAppended());
      await this.pause(this.gatherUntilMs - performance.now());
      return;
    }
    this.pollMs = hasMoved ? POLL.minMs : Math.min(this.pollMs * 1.5, POLL.maxMs);
    await this.pause(this.pollMs);
  }

  private async pause(ms: number): Promise<void> {
    if (ms > 0) await pause(ms, this.stopping.signal); // woken up to stop
  }

  /** Waits for something, or until it is time to stop. */
  private async interrupted(something: Promise<void>): Promise<void> {
    const { signal } = this.stopping;
    if (signal.aborted) {
      return;
    }
    const stop = Promise.withResolvers<void>();
    const onAbort = () => stop.resolve();
    signal.addEventListener('abort', onAbort, { once: true });
    await Promise.race([something, stop.promise]);
    signal.removeEventListener('abort', onAbort);
  }

  private async sendRest(deadlineMs: number): Promise<void> {
    while (performance.now() < deadlineMs && (await this.insist(() => this.sendNext(), deadlineMs))) {
      this.underWay.forgetJobBeyondBounds(); // the spool still has them, should they be needed
    }
  }

  private async confirmRest(deadlineMs: number): Promise<void> {
    let movedAtMs = performance.now();
    while (!this.isDone() && performance.now() < Math.min(deadlineMs, movedAtMs + PATIENCE_MS)) {
      if (await this.insist(() => this.confirm(), deadlineMs)) {
        movedAtMs = performance.now();
      } else {
        await sleep(POLL.minMs, undefined, { ref: false });
      }
    }
  }

  /** Tries a step again while it fails, until that has lasted too long for what is left of the time. */
  private async insist(step: () => Promise<boolean>, deadlineMs: number): Promise<boolean> {
    const startMs = performance.now();
    const giveUpMs = startMs + Math.min(AWAY_PATIENCE_MS, (deadlineMs - startMs) / 2);
    for (let failures = 1; ; failures++) {
      try {
        return await step();
      } catch (error) {
        this.onFailure(error);
        const leftMs = giveUpMs - performance.now();
        if (leftMs <= 0) {
          throw error;
        }
        await sleep(Math.min(jittered(RETRY, failures), leftMs), undefined, { ref: false });
      }
    }
  }
}

function isLarge({ records, rows }: SpoolBatch): boolean {
  return records >= MAX_JOB_RECORDS || rows.length >= MAX_JOB_BYTES / 2;
}
