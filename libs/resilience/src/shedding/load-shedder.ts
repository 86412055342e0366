import { SYSTEM_CLOCK, type Clock } from '../clock.js';
import { Demand } from './demand.js';
import { DrainRate } from './drain-rate.js';
import { GradientLimit, type GradientLimitOptions } from './gradient-limit.js';
import { NO_PRESSURE, type PressureReason, type PressureSource } from './pressure.js';
import { PRIORITIES, type Priority } from './priority.js';

/** The limit of requests under way: one that is found out, or a number. */
export type LimitOptions =
  { kind: 'adaptive'; options?: GradientLimitOptions } | { kind: 'fixed'; maxInflight: number };

/** What a load shedder is told. */
export interface LoadShedderOptions {
  limit: LimitOptions;
  pressure?: PressureSource;
  clock?: Clock;
}

/** Why a request was refused. */
export type ShedReason = 'limit' | PressureReason;

/** How an admitted request ended: only `answered` ones say how long the server takes; `dropped`: out of time. */
export type Outcome = 'answered' | 'dropped' | 'ignored';

/** A request that was let in. */
export interface Permit {
  readonly admitted: true;
  /** Called once, when the request is over; calling it again changes nothing. */
  release(outcome: Outcome): void;
}

/** A request that was not. */
export interface Refusal {
  readonly admitted: false;
  readonly reason: ShedReason;
  /** Seconds after which the server is likely to have room. */
  readonly retryAfterSeconds: number;
}

/** Whoever was refused would have wanted more than anybody counted. */
const MORE_THAN_THERE_IS = 1e9;
const CRITICAL = PRIORITIES.indexOf('critical');
/** Part of the limit that each priority can count on, adding up to 1; what one does not need is lent. */
const SHARES = [0.05, 0.25, 0.2, 0.5];
/** How full the server may be, as a part of the limit, for each priority to be let in beyond its share. */
const CEILINGS = [0.9, 1, 1.1, 4];

/** Lets in as many requests as the server can do, and says at once to the others when to come back. */
export class LoadShedder {
  /** Requests refused, by priority and reason. */
  readonly refusals = new Map<Priority, Record<ShedReason, number>>(
    PRIORITIES.map((priority) => [priority, { limit: 0, event_loop: 0, memory: 0 }]),
  );
  /** Requests let in. */
  admissions = 0;
  private readonly gradient: GradientLimit | undefined;
  private readonly maxInflight: number;
  private readonly pressure: PressureSource;
  private readonly clock: Clock;
  private readonly running = new Int32Array(PRIORITIES.length);
  private readonly demand: Demand;
  private readonly rate: DrainRate;
  private total = 0;

  constructor({ limit, pressure = NO_PRESSURE, clock = SYSTEM_CLOCK }: LoadShedderOptions) {
    this.clock = clock;
    this.pressure = pressure;
    this.gradient = limit.kind === 'adaptive' ? new GradientLimit(limit.options, clock) : undefined;
    this.maxInflight = limit.kind === 'fixed' ? limit.maxInflight : 0;
    this.demand = new Demand(PRIORITIES.length, clock.now());
    this.rate = new DrainRate(clock.now());
  }

  /** Requests that may be under way. */
  get limit(): number {
    return this.gradient?.limit ?? this.maxInflight;
  }

  /** Requests under way. */
  get inflight(): number {
    return this.total;
  }

  /** A place for a request that can begin now. */
  acquire(priority: Priority): Permit | Refusal {
    const nowMs = this.clock.now();
    const p = PRIORITIES.indexOf(priority);
    const refusal = this.refusalOf(p, nowMs);
    if (refusal) return refusal;
    this.total++;
    this.admissions++;
    const running = (this.running[p] = (this.running[p] ?? 0) + 1);
    this.demand.note(p, running, nowMs);
    return new Admission(this, p, nowMs);
  }

  /** Refuses a request for which there is no room now. One that may come takes its place when it can begin: `acquire`. */
  refusal(priority: Priority): Refusal | undefined {
    return this.refusalOf(PRIORITIES.indexOf(priority), this.clock.now());
  }

  /** @internal */
  end(p: number, startedMs: number, outcome: Outcome): void {
    const nowMs = this.clock.now();
    if (outcome === 'answered') this.gradient?.onAnswer(startedMs, this.total, nowMs);
    else if (outcome === 'dropped') this.gradient?.onDrop(startedMs, nowMs);
    this.rate.onEnded(startedMs, nowMs);
    this.total--;
    this.running[p] = (this.running[p] ?? 0) - 1;
  }

  private refusalOf(p: number, nowMs: number): Refusal | undefined {
    if (p < this.pressure.level) return this.refuse(p, this.pressure.reason, nowMs);
    if (this.hasRoom(p, nowMs)) return undefined;
    this.demand.note(p, MORE_THAN_THERE_IS, nowMs);
    return this.refuse(p, 'limit', nowMs);
  }

  private hasRoom(p: number, nowMs: number): boolean {
    return this.gradient ? this.hasRoomBelow(p, this.gradient) : this.hasRoomWithin(p, this.maxInflight, nowMs);
  }

  /** An adaptive limit may be exceeded for a moment: what is guaranteed is let in, and others wait for it to even out. */
  private hasRoomBelow(p: number, { limit, probedLimit }: GradientLimit): boolean {
    const ceiling = CEILINGS[p] ?? 1;
    if (probedLimit === limit) {
      return this.total < limit * ceiling || (this.running[p] ?? 0) < (SHARES[p] ?? 0) * limit;
    }
    // A probe begins in the usual crowd: what is critical is not refused for that, everything else makes way.
    return this.total < (p === CRITICAL ? (limit + probedLimit) / 2 : probedLimit) * ceiling;
  }

  /** A limit that was given is kept to: places that other priorities are likely to ask for within their shares stay free. */
  private hasRoomWithin(p: number, limit: number, nowMs: number): boolean {
    let taken = this.total;
    for (let q = 0; q < PRIORITIES.length; q++) {
      if (q === p) continue;
      const wanted = Math.min((SHARES[q] ?? 0) * limit, this.demand.of(q, nowMs));
      taken += Math.max(0, wanted - (this.running[q] ?? 0));
    }
    return taken < limit;
  }

  private refuse(p: number, reason: ShedReason, nowMs: number): Refusal {
    this.rate.onRefused(nowMs);
    const counts = this.refusals.get(PRIORITIES[p]!);
    if (counts) counts[reason]++;
    return { admitted: false, reason, retryAfterSeconds: this.rate.retryAfterSeconds(this.total) };
  }
}

class Admission implements Permit {
  readonly admitted = true;
  private isOver = false;

  constructor(
    private readonly shedder: LoadShedder,
    private readonly priority: number,
    private readonly startedMs: number,
  ) {}

  release(outcome: Outcome): void {
    if (this.isOver) return;
    this.isOver = true;
    this.shedder.end(this.priority, this.startedMs, outcome);
  }
}
