import type { Measurement } from '../measurement.js';
import type { Bracketed } from '../rounds.js';

/** What the reference of a test always measures. */
const REFERENCE: Measurement = {
  requestsPerSecond: 20_000,
  p50Ms: 2,
  p99Ms: 6,
  cpuUs: 40,
  cores: 1,
  rssMb: 100,
  generatorCores: 0.8,
  otherCores: 0,
};

/** A round in which a server differs from the reference in these figures. */
export function measuredRound(server: string, figures: Partial<Measurement>): Bracketed {
  return {
    server,
    round: 0,
    measured: { ...REFERENCE, ...figures },
    referenceBefore: REFERENCE,
    referenceAfter: REFERENCE,
  };
}
