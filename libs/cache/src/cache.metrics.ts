import { findOrRegister } from '@app/resilience';
import { Counter, Gauge, type Registry } from 'prom-client';
import {
  CACHE_FALLBACKS,
  CACHE_OPERATIONS,
  IDEMPOTENCY_CONFLICTS,
  type CacheFallback,
  type CacheObserver,
  type CacheOperation,
  type IdempotencyConflict,
} from './cache-observer.js';

/** State that is read at each scrape. */
export interface CacheGauges {
  /** Answers in this process's memory. */
  answers: () => { size: number; bytes: number };
  /** Idempotency keys in this process's memory; none with Redis. */
  keys: () => { size: number; bytes: number };
}

/** Counts what the cache reports, and reads its gauges at each scrape. */
export class CacheMetrics implements CacheObserver {
  private readonly hits: Counter;
  private readonly misses: Counter;
  private readonly shared: Counter;
  private readonly errors: Counter<'operation'>;
  private readonly fallbacks: Counter<'dependency' | 'fallback_type'>;
  private readonly keyHits: Counter;
  private readonly keyMisses: Counter;
  private readonly conflicts: Counter<'reason'>;

  constructor(private readonly registry: Registry) {
    const registers = [registry];
    const counter = (name: string, help: string): Counter => new Counter({ name, help, registers });
    this.hits = counter('cache_hits_total', 'Texts answered from the cache');
    this.misses = counter('cache_misses_total', 'Texts looked up in the cache and not found');
    this.shared = counter('cache_shared_total', 'Texts that waited for the computation of the same text');
    this.keyHits = counter(
      'idempotency_hits_total',
      'Requests whose key had a stored answer, which is given unless it is degraded and they want none such',
    );
    this.keyMisses = counter('idempotency_misses_total', 'Requests that were the first with their key');
    this.errors = new Counter({
      name: 'cache_errors_total',
      help: 'Operations on Redis that failed, were refused or not answered in time',
      labelNames: ['operation'],
      registers,
    });
    this.conflicts = new Counter({
      name: 'idempotency_conflicts_total',
      help: 'Requests refused for their idempotency key',
      labelNames: ['reason'],
      registers,
    });
    this.fallbacks = findOrRegister(
      registry,
      'fallback_triggered_total',
      'Things done without the dependency that they are done with',
      'dependency',
      'fallback_type',
    );
    CACHE_OPERATIONS.forEach((operation) => this.errors.inc({ operation }, 0));
    IDEMPOTENCY_CONFLICTS.forEach((reason) => this.conflicts.inc({ reason }, 0));
    CACHE_FALLBACKS.forEach((fallback) => this.onFallback(fallback, 0));
  }

  /** Registers the gauges that show what memory holds. */
  watch({ answers, keys }: CacheGauges): void {
    this.gauge('cache_memory_entries', "Answers in this process's memory", () => answers().size);
    this.gauge('cache_memory_bytes', 'The memory they take', () => answers().bytes);
    this.gauge('idempotency_memory_keys', "Idempotency keys in this process's memory", () => keys().size);
    this.gauge('idempotency_memory_bytes', 'The memory they take', () => keys().bytes);
  }

  onHit(): void {
    this.hits.inc();
  }

  onMiss(): void {
    this.misses.inc();
  }

  onShared(): void {
    this.shared.inc();
  }

  onError(operation: CacheOperation, times: number): void {
    this.errors.inc({ operation }, times);
  }

  onFallback(fallback: CacheFallback, times: number): void {
    this.fallbacks.inc({ dependency: 'redis', fallback_type: fallback }, times);
  }

  onIdempotencyHit(): void {
    this.keyHits.inc();
  }

  onIdempotencyMiss(): void {
    this.keyMisses.inc();
  }

  onIdempotencyConflict(reason: IdempotencyConflict): void {
    this.conflicts.inc({ reason });
  }

  private gauge(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({ name, help, registers: [this.registry], collect: (): void => gauge.set(read()) });
  }
}
