import { DependencyTimeoutError } from '@app/resilience';

/**
 * Gives up on an answer after a while. When this process itself was held up, the answer may lie in the socket by the
 * time the timer fires: the event loop reads it before the last chance, so a pause of ours is not taken for one of Redis.
 */
export function answeredWithin<T>(answer: Promise<T>, timeoutMs: number): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const timer = setTimeout(() => setImmediate(() => reject(new DependencyTimeoutError('redis', timeoutMs))), timeoutMs);
  answer.then(resolve, reject).finally(() => clearTimeout(timer));
  return promise;
}
