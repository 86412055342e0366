import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessLog } from '../logging/log.js';

const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;
type Signal = keyof typeof SIGNALS;

/** Of the time that is left, what a step leaves to those behind it. */
const LEFT_SHARE = 0.2;
const MAX_LEFT_MS = 5000;

/** One of the things to do before the process may end; they are done one after the other. */
export interface DrainStep {
  /** What the log calls it. */
  name: string;
  /** @param deadlineMs when it is not waited for any longer, as `performance.now()` counts */
  run(deadlineMs: number): Promise<unknown>;
  /** What the log says when time runs out first. */
  whenLate: string;
  /** Whether running out of time means that somebody goes without an answer; the exit code is 1 then. */
  isLossWhenLate?: boolean;
  /** Whether it may not take all the time, so that the steps behind it are done in any case. */
  leavesTime?: boolean;
}

/** What a process that serves has to do when it is asked to end. */
export interface DrainPlan {
  /** Tells whoever sends work here that there should be no more. */
  announce?: () => void;
  steps: readonly DrainStep[];
}

/** How much time there is. */
export interface DrainOptions {
  /** From the signal to the end, everything included. */
  timeoutMs: number;
  /** How long to serve on after SIGTERM, until nobody sends work here any more. @default 0 */
  delayMs?: number;
}

/** Ends the process as it is asked to: announced, step by step, within a time. */
export class Drain {
  private plan?: DrainPlan;
  private begun = false;

  constructor(
    private readonly log: ProcessLog,
    private readonly options: DrainOptions,
  ) {}

  /** Whether the process is on its way out. */
  isDraining(): boolean {
    return this.begun;
  }

  /** From here on SIGTERM and SIGINT end the process in order; a second one ends it at once. */
  watchSignals(): void {
    for (const signal of Object.keys(SIGNALS) as Signal[]) {
      process.on(signal, () => void this.onSignal(signal));
    }
  }

  /** What there is to do; before it is known nothing can be in flight, and a signal ends the process at once. */
  attach(plan: DrainPlan): void {
    this.plan = plan;
  }

  private async onSignal(signal: Signal): Promise<void> {
    if (this.begun || !this.plan) {
      await this.log.flush();
      process.exit(this.begun ? 128 + SIGNALS[signal] : 0);
    }
    this.begun = true;
    const code = await this.drain(this.plan, signal);
    await this.log.flush();
    process.exit(code);
  }

  /** Resolves to the exit code. */
  private async drain({ announce, steps }: DrainPlan, signal: Signal): Promise<number> {
    const { timeoutMs, delayMs = 0 } = this.options;
    const deadlineMs = performance.now() + timeoutMs;
    this.log.info('Draining: not ready any more', { signal, delay_ms: delayMs, timeout_ms: timeoutMs });
    announce?.();
    let code = 0;
    for (const step of signal === 'SIGTERM' && delayMs > 0 ? [delayStep(delayMs), ...steps] : steps) {
      const outcome = await this.perform(step, deadlineMs);
      if (outcome === 'failed' || (outcome === 'late' && step.isLossWhenLate)) {
        code = 1;
      }
      if (outcome === 'late' && !step.leavesTime) {
        return code;
      }
    }
    if (code === 0) {
      this.log.info('Stopped');
    }
    return code;
  }

  private async perform(step: DrainStep, deadlineMs: number): Promise<'done' | 'late' | 'failed'> {
    const startMs = performance.now();
    const leftMs = Math.max(0, deadlineMs - startMs);
    const givenMs = step.leavesTime ? leftMs - Math.min(leftMs * LEFT_SHARE, MAX_LEFT_MS) : leftMs;
    const late = Symbol('late');
    try {
      const outcome = await Promise.race([step.run(startMs + givenMs), sleep(givenMs, late)]);
      const nowMs = performance.now();
      const times = { duration_ms: Math.round(nowMs - startMs), left_ms: Math.max(0, Math.round(deadlineMs - nowMs)) };
      if (outcome === late) {
        this.log.warning(step.whenLate, { step: step.name, timeout_ms: this.options.timeoutMs, ...times });
        return 'late';
      }
      this.log.info('Drain step done', { step: step.name, ...times });
      return 'done';
    } catch (error) {
      this.log.error('Stopping failed', { step: step.name, error });
      return 'failed';
    }
  }
}

/** Not for SIGINT: whoever presses Ctrl-C is the only client, and waits. */
function delayStep(delayMs: number): DrainStep {
  return {
    name: 'delay',
    run: () => sleep(delayMs),
    whenLate: 'Stopped with nothing done: the drain delay took all the time',
  };
}
