/** A stretch of time in which requests arrive at one rate. */
export interface OpenPhase {
  perSecond: number;
  durationMs: number;
}

/** An open-loop load on one server: requests arrive when they arrive, whether or not earlier ones were answered. */
export interface OpenJob {
  port: number;
  path: string;
  seed: number;
  textBytes?: number;
  phases: OpenPhase[];
  /** This part of the requests says `X-Priority: critical`. */
  criticalShare: number;
  /** A caller that has waited so long since its request was due leaves. */
  timeoutMs: number;
  /** Most connections at once; a request that finds none free waits for one, as in a client's pool. */
  connections: number;
}

/** What became of the requests of one kind. */
export interface OpenCounts {
  offered: number;
  /** With 200, in time. */
  answered: number;
  /** With 429 or 503. */
  refused: number;
  /** Its caller left. */
  timedOut: number;
  /** With any other status, or with none because the connection broke. */
  failed: number;
  /** Latencies count from when the request was due, not from when it could be sent. */
  answeredP50Ms: number;
  answeredP99Ms: number;
  refusedP50Ms: number;
  refusedP99Ms: number;
}

/** What an open load has shown, by the time at which requests were due. */
export interface OpenResult {
  /** One for each phase. */
  phases: { all: OpenCounts; critical: OpenCounts }[];
  /** The whole time in slices of `SLICE_MS`. */
  slices: OpenCounts[];
  /** By how much the generator itself was late to send, 99th percentile: that much of each latency may not be the server's. */
  lateP99Ms: number;
  generatorCpuMs: number;
}

/** Length of a slice of the result. */
export const SLICE_MS = 250;
