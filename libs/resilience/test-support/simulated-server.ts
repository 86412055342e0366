import { seededRandom } from '../../../scripts/test-support/seeded-random.js';
import type { LoadShedder, Permit, Refusal } from '../src/shedding/load-shedder.js';
import type { Priority } from '../src/shedding/priority.js';
import type { WorkCost } from '../src/shedding/work-cost.js';
import type { VirtualClock } from './virtual-clock.js';

/** What comes, and what it meets, in one phase of a simulation. */
export interface Phase {
  seconds: number;
  /** Requests per second, arriving at random. */
  arrivalsPerSecond: number;
  /** Share of each priority in them; default: all normal. */
  mix?: Partial<Record<Priority, number>>;
  /** Requests that the server works on at once; the others wait in line. */
  workers: number;
  /** Mean time of the work on one, in ms; each takes 0.5 to 1.5 times that. */
  serviceMs: number;
}

/** What came of the requests that arrived in one phase. */
export interface PhaseResult {
  answeredPerSecond: number;
  arrived: Record<Priority, number>;
  refused: Record<Priority, number>;
  /** Longest of the 99 % that took the least, in ms. */
  p99Ms: Record<Priority, number>;
  /** Mean of the limit over the second half of the phase. */
  limit: number;
  refusals: Refusal[];
}

interface Request {
  permit: Permit;
  priority: Priority;
  arrivedMs: number;
  phase: number;
}

type Event = { atMs: number; run: () => void };

const zeros = (): Record<Priority, number> => ({ low: 0, normal: 0, high: 0, critical: 0 });

/** A server with a queue behind a load shedder, event by event, on a clock of its own: the same seed gives the same run. */
export class SimulatedServer {
  private readonly events: Event[] = []; // a binary heap
  private readonly queue: Request[] = [];
  private readonly latencies: Record<Priority, number[]>[] = [];
  private readonly results: PhaseResult[] = [];
  private busy = 0;
  private phase!: Phase;
  private phaseIndex = -1;
  private readonly random: () => number;

  constructor(
    private readonly shedder: LoadShedder,
    private readonly clock: VirtualClock,
    seed = 1,
    private readonly cost?: WorkCost,
  ) {
    this.random = seededRandom(seed);
  }

  run(phases: Phase[]): PhaseResult[] {
    let startMs = this.clock.nowMs;
    for (const phase of phases) {
      this.at(startMs, () => this.begin(phase));
      for (let halfSecond = phase.seconds; halfSecond < 2 * phase.seconds; halfSecond++) {
        this.at(startMs + halfSecond * 500, () => this.noteLimit(phase.seconds));
      }
      startMs += phase.seconds * 1000;
    }
    this.at(startMs, () => (this.phase = { ...this.phase, arrivalsPerSecond: 0 }));
    for (let event = this.next(); event; event = this.next()) {
      this.clock.nowMs = event.atMs;
      event.run();
    }
    return this.results.map((result, k) => ({ ...result, p99Ms: this.p99Ms(k) }));
  }

  private begin(phase: Phase): void {
    const first = this.phaseIndex < 0 || this.phase.arrivalsPerSecond === 0;
    this.phase = phase;
    this.phaseIndex++;
    this.latencies.push({ low: [], normal: [], high: [], critical: [] });
    this.results.push({
      answeredPerSecond: 0,
      arrived: zeros(),
      refused: zeros(),
      p99Ms: zeros(),
      limit: 0,
      refusals: [],
    });
    if (first) this.arriveLater();
  }

  private arriveLater(): void {
    const { arrivalsPerSecond } = this.phase;
    if (arrivalsPerSecond === 0) return;
    const gapMs = (-Math.log(1 - this.random()) * 1000) / arrivalsPerSecond;
    this.at(this.clock.nowMs + gapMs, () => {
      this.arrive();
      this.arriveLater();
    });
  }

  private arrive(): void {
    const result = this.results[this.phaseIndex] as PhaseResult;
    if (this.phase.arrivalsPerSecond === 0) return;
    const priority = this.pickPriority();
    result.arrived[priority]++;
    const permit = this.shedder.acquire(priority);
    if (!permit.admitted) {
      result.refused[priority]++;
      result.refusals.push(permit);
      return;
    }
    this.queue.push({ permit, priority, arrivedMs: this.clock.nowMs, phase: this.phaseIndex });
    this.work();
  }

  private work(): void {
    while (this.busy < this.phase.workers) {
      const request = this.queue.shift();
      if (!request) return;
      this.busy++;
      const tookMs = this.phase.serviceMs * (0.5 + this.random());
      this.at(this.clock.nowMs + tookMs, () => {
        this.busy--;
        this.cost?.note(tookMs);
        request.permit.release('answered');
        (this.results[this.phaseIndex] as PhaseResult).answeredPerSecond += 1 / this.phase.seconds;
        this.latencies[request.phase]?.[request.priority].push(this.clock.nowMs - request.arrivedMs);
        this.work();
      });
    }
  }

  private pickPriority(): Priority {
    let rest = this.random();
    for (const [priority, share] of Object.entries(this.phase.mix ?? {})) {
      rest -= share;
      if (rest < 0) return priority as Priority;
    }
    return 'normal';
  }

  private noteLimit(samples: number): void {
    (this.results[this.phaseIndex] as PhaseResult).limit += this.shedder.limit / samples;
  }

  private p99Ms(phase: number): Record<Priority, number> {
    const result = zeros();
    for (const [priority, all] of Object.entries(this.latencies[phase] ?? {})) {
      result[priority as Priority] = all.sort((a, b) => a - b)[Math.floor(all.length * 0.99)] ?? 0;
    }
    return result;
  }

  private at(atMs: number, run: () => void): void {
    const { events } = this;
    let k = events.push({ atMs, run }) - 1;
    for (let up = (k - 1) >> 1; k > 0 && (events[up] as Event).atMs > atMs; up = (k - 1) >> 1) {
      [events[k], events[up]] = [events[up] as Event, events[k] as Event];
      k = up;
    }
  }

  private next(): Event | undefined {
    const { events } = this;
    const [first] = events;
    const last = events.pop();
    if (!first || !last || events.length === 0) return first;
    events[0] = last;
    for (let k = 0; ;) {
      let least = k;
      for (const child of [2 * k + 1, 2 * k + 2]) {
        if (child < events.length && (events[child] as Event).atMs < (events[least] as Event).atMs) least = child;
      }
      if (least === k) return first;
      [events[k], events[least]] = [events[least] as Event, events[k] as Event];
      k = least;
    }
  }
}
