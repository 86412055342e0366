import type { Log, LogFields } from './log.js';
import { RepeatLimit } from './repeat-limit.js';

/** Which requests have a line. */
export interface AccessLogOptions {
  /** Share of the requests that went well and were quick, 0 to 1. */
  sampleRate: number;
  /** A request that takes longer always has a line. */
  slowMs: number;
}

/** How a request ended. */
export interface RequestEnd {
  status: number;
  durationMs: number;
}

/** Lines about requests that end with the same status; an attack or an overload would fill the disk. */
const SAME_END = { times: 1000, windowMs: 10_000 };
const CLIENT_LEFT = 499;
const TIMEOUTS = new Set([408, 504]);

/** A line for each request that failed, was refused or was slow, and for some of the others. */
export class AccessLog {
  private readonly ends: RepeatLimit;

  constructor(
    private readonly log: Log,
    private readonly options: AccessLogOptions,
  ) {
    this.ends = new RepeatLimit(SAME_END, (status, times) =>
      log.warning(`Requests ended with ${status} and have no line (repeated ${times} times)`, {
        status: Number(status),
        repeated: times,
      }),
    );
  }

  /** Whether this request has a line; ask once, and before its fields are put together. */
  wants({ status, durationMs }: RequestEnd): boolean {
    if (status >= 400 || durationMs >= this.options.slowMs) {
      return this.ends.admits(String(status));
    }
    const { sampleRate } = this.options;
    return sampleRate > 0 && (sampleRate >= 1 || Math.random() < sampleRate);
  }

  write({ status, durationMs }: RequestEnd, fields: LogFields): void {
    const isSlow = durationMs >= this.options.slowMs;
    const line = {
      ...fields,
      status,
      duration_ms: Math.round(durationMs * 1000) / 1000,
      ...(isSlow && { slow: true }),
    };
    if (status >= 500 || isSlow) {
      this.log.warning(messageOf(status, isSlow), line);
    } else {
      this.log.info(messageOf(status, isSlow), line);
    }
  }
}

function messageOf(status: number, isSlow: boolean): string {
  if (TIMEOUTS.has(status)) {
    return 'Request timeout';
  }
  if (status === CLIENT_LEFT) {
    return 'Request abandoned';
  }
  if (status >= 400) {
    return status >= 500 ? 'Request failed' : 'Request refused';
  }
  return isSlow ? 'Slow request' : 'Request answered';
}
