import type { CacheObserver } from '../src/cache-observer.js';

/** An observer that keeps what it is told, as `hit`, `error get`, `fallback cache_miss` and so on. */
export class RecordingObserver implements CacheObserver {
  readonly events: string[] = [];

  onHit(): void {
    this.events.push('hit');
  }

  onMiss(): void {
    this.events.push('miss');
  }

  onShared(): void {
    this.events.push('shared');
  }

  onError(operation: string, times: number): void {
    this.repeat(`error ${operation}`, times);
  }

  onFallback(fallback: string, times: number): void {
    this.repeat(`fallback ${fallback}`, times);
  }

  onIdempotencyHit(): void {
    this.events.push('idempotency hit');
  }

  onIdempotencyMiss(): void {
    this.events.push('idempotency miss');
  }

  onIdempotencyConflict(conflict: string): void {
    this.events.push(`conflict ${conflict}`);
  }

  private repeat(event: string, times: number): void {
    for (let time = 0; time < times; time++) {
      this.events.push(event);
    }
  }
}
