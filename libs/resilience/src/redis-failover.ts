import { isRedisReadOnly } from './redis-failure.js';

/** Who is led to the same one again stays connected for this long. */
const LOOK_ELSEWHERE_MS = 5000;

/**
 * A `reconnectOnError` of ioredis, for one connection: it is given up when it leads to a replica, because a new one may
 * lead to the Redis that has taken over; told first, so that it is known why.
 */
export function reconnectWhenReadOnly(tell: (error: Error) => void = () => undefined): (error: Error) => boolean {
  let lastMs = -Infinity;
  return (error) => {
    if (!isRedisReadOnly(error)) return false;
    tell(error);
    const nowMs = performance.now();
    if (nowMs - lastMs < LOOK_ELSEWHERE_MS) return false;
    lastMs = nowMs;
    return true;
  };
}
