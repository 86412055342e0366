import { type ClassifyFailure, DependencyTimeoutError, Policy, type PolicyOptions } from '@app/resilience';
import { DatabaseUnavailableError } from './database/database.errors.js';
import { UnfitRedisError } from './queue/audit-queue.errors.js';

/** The policies that this library's calls of Postgres and of the queue go through. */
export interface AuditPolicies {
  postgres: Policy;
  queue: Policy;
}

/**
 * Whoever has records to bring on comes again until it has done so: one success shows that the server is back, and a trial
 * every other second costs nothing. It may take its time: all that is asked ends by itself (see `auditPolicyOptions`).
 */
const BREAKER = { failureThreshold: 5, openMs: 2000, successThreshold: 1, trialTimeoutMs: Infinity };

/** What Postgres has against a row, or a month, is not its failure. */
const kindOfDatabaseFailure: ClassifyFailure = (error) =>
  error instanceof DatabaseUnavailableError || error instanceof DependencyTimeoutError ? 'failure' : 'caller';

/** A Redis that must not keep the queue is well: there is nothing to wait for. */
const kindOfQueueFailure: ClassifyFailure = (error) => (error instanceof UnfitRedisError ? 'refusal' : undefined);

/**
 * What the policies are made from. They neither retry, because the shipper and the worker do, nor bound the time, because
 * each connect, command and statement is bounded where it is made.
 */
export function auditPolicyOptions(hasBreakers: boolean): Record<keyof AuditPolicies, PolicyOptions> {
  const breaker = hasBreakers ? { breaker: BREAKER } : {};
  return {
    postgres: { ...breaker, classify: kindOfDatabaseFailure },
    // Where a text's wait for the model runs out of time is called "queue".
    queue: { ...breaker, stage: 'audit-queue', classify: kindOfQueueFailure },
  };
}

/** Policies that let everything through, for who asks once and is gone. */
export function openPolicies(): AuditPolicies {
  const { postgres, queue } = auditPolicyOptions(false);
  return { postgres: new Policy('postgres', postgres), queue: new Policy('queue', queue) };
}
