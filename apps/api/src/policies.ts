import { auditPolicyOptions } from '@app/audit-log';
import { RETRIED_OPERATIONS } from '@app/cache';
import { InferenceError } from '@app/inference';
import { SeriesHistogram, type Log } from '@app/ops';
import {
  BreakerLog,
  isRedisUnwritable,
  Policies,
  ResilienceMetrics,
  RetryLog,
  type FailureKind,
} from '@app/resilience';
import { register } from 'prom-client';
import type { Config } from './config.js';
import { HTTP_ERRORS, HttpError, isErrorCode } from './http-errors.js';

/**
 * Redis is asked often and for little: one stall fails many calls at once, and being without it for a minute costs more
 * than a trial every other second.
 */
const REDIS_BREAKER = { failureThreshold: 20, openMs: 2000 };

/** What the model reports although it is well: it has enough to do, is not there yet, or ran out of its caller's time. */
const REFUSALS = new Set(['INFERENCE_QUEUE_FULL', 'MODEL_NOT_READY', 'INFERENCE_STOPPED', 'DEADLINE_EXCEEDED']);

/** Makes the policies of this process; their metrics are registered with it. */
export function makePolicies(config: Config, log: Log): Policies {
  const { breaker, retry, modelBulkhead, redisBulkhead, cache, workerId } = config;
  const { postgres, queue } = auditPolicyOptions(breaker !== undefined);
  const policies = {
    redis: {
      bulkhead: redisBulkhead,
      timeoutMs: cache.redisTimeoutMs,
      ...(retry && { retry, retried: RETRIED_OPERATIONS }),
      ...(breaker && { breaker: REDIS_BREAKER }),
      classify: kindOfRedisFailure,
    },
    postgres,
    // A handler under this policy that has no queue to ask has asked nothing.
    queue: {
      ...queue,
      classify: (error: unknown) => (error instanceof HttpError ? 'refusal' : queue.classify?.(error)),
    },
  };
  const families = {
    // The inference library itself asks a second worker when the first is lost: another retry would multiply that.
    model: { bulkhead: modelBulkhead, ...(breaker && { breaker }), classify: kindOfModelFailure },
  };
  const metrics = new ResilienceMetrics(register, (options) => new SeriesHistogram(options, register));
  const made = new Policies({
    policies,
    families,
    workerId,
    observers: [metrics, new BreakerLog(log), new RetryLog(log)],
  });
  metrics.watch(made);
  return made;
}

/** A caller's mistake and a full queue say nothing of the model's health. */
function kindOfModelFailure(error: unknown): FailureKind | undefined {
  if (!(error instanceof InferenceError) || !isErrorCode(error.code)) {
    return undefined;
  }
  if (REFUSALS.has(error.code)) {
    return 'refusal';
  }
  return HTTP_ERRORS[error.code].status < 500 ? 'caller' : 'failure';
}

/** A Redis that is full, or that may not write at present, answers at once and can be read from: it is not away. */
function kindOfRedisFailure(error: unknown): FailureKind | undefined {
  return isRedisUnwritable(error) ? 'refusal' : undefined;
}
