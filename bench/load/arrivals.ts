import type { OpenPhase } from './open-job.js';

/** When the next request is due, and of which phase it is. */
export interface Arrival {
  atMs: number;
  phase: number;
}

/** The times of a Poisson process, phase by phase: callers who know nothing of each other. */
export function* arrivals(phases: readonly OpenPhase[], random: () => number): Generator<Arrival> {
  let startMs = 0;
  for (const [phase, { perSecond, durationMs }] of phases.entries()) {
    const endMs = startMs + durationMs;
    const gapMs = () => (-Math.log(1 - random()) * 1000) / perSecond;
    for (let atMs = startMs + gapMs(); atMs < endMs; atMs += gapMs()) yield { atMs, phase };
    startMs = endMs;
  }
}
