/** What is asked of Redis, as `cache_errors_total` labels it. */
export const CACHE_OPERATIONS = ['get', 'set', 'lock', 'check_idempotency', 'store_idempotency'] as const;
export type CacheOperation = (typeof CACHE_OPERATIONS)[number];

/** What is done without Redis, as `fallback_triggered_total` labels it. */
export const CACHE_FALLBACKS = ['cache_miss', 'cache_skip', 'idempotency_skip'] as const;
export type CacheFallback = (typeof CACHE_FALLBACKS)[number];

/** Why a request with an idempotency key is refused. */
export const IDEMPOTENCY_CONFLICTS = ['in_flight', 'mismatch'] as const;
export type IdempotencyConflict = (typeof IDEMPOTENCY_CONFLICTS)[number];

/** Is told what the cache and the idempotency store do; metrics count it. */
export interface CacheObserver {
  onHit(): void;
  onMiss(): void;
  /** A question waited for a computation that was under way for somebody else. */
  onShared(): void;
  /** Redis was asked and has failed, refused or not answered in time. */
  onError(operation: CacheOperation, times: number): void;
  /** Something was done without Redis. */
  onFallback(fallback: CacheFallback, times: number): void;
  onIdempotencyHit(): void;
  onIdempotencyMiss(): void;
  onIdempotencyConflict(conflict: IdempotencyConflict): void;
}
