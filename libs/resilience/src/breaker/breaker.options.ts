/** When a breaker opens, and how it closes again. */
export interface BreakerOptions {
  /** Opens after so many failures in a row; default 5. */
  failureThreshold?: number;
  /** Opens when this share of the calls of the last 10 s failed, 0..1; default 0.5. */
  failureRate?: number;
  /** A call that the dependency has worked at for as long as this is slow, in ms; default: none is. */
  slowCallMs?: number;
  /** Opens when this share of the calls of the last 10 s was slow, 0..1; default 0.8. */
  slowCallRate?: number;
  /** Fewer calls than this in the last 10 s say nothing about rates; default 20. */
  minimumCalls?: number;
  /** How long it stays open, in ms; default 60 s. */
  openMs?: number;
  /** Each opening lasts `openMs` more or less this share of it, so that replicas do not probe in step; default 0.1. */
  openJitter?: number;
  /** Most trial calls of a half-open breaker; default 3. */
  halfOpenCalls?: number;
  /** So many trials must succeed for it to close; default 2. */
  successThreshold?: number;
  /** A trial unanswered for this long has failed, in ms; default 10 s, or `slowCallMs` where that is more. */
  trialTimeoutMs?: number;
}

const TRIAL_TIMEOUT_MS = 10_000;

const DEFAULTS: Required<Omit<BreakerOptions, 'trialTimeoutMs'>> = {
  failureThreshold: 5,
  failureRate: 0.5,
  slowCallMs: Infinity,
  slowCallRate: 0.8,
  minimumCalls: 20,
  openMs: 60_000,
  openJitter: 0.1,
  halfOpenCalls: 3,
  successThreshold: 2,
};

/** With what holds where a breaker is told nothing else. */
export function withDefaults(options: BreakerOptions): Required<BreakerOptions> {
  const { slowCallMs = Infinity } = options;
  const trialTimeoutMs = slowCallMs === Infinity ? TRIAL_TIMEOUT_MS : Math.max(TRIAL_TIMEOUT_MS, slowCallMs);
  return { ...DEFAULTS, trialTimeoutMs, ...options };
}
