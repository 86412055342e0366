import { once } from 'node:events';
import { jittered, reconnectWhenReadOnly } from '@app/resilience';
import { Redis, type RedisOptions } from 'ioredis';
import type { Availability } from './availability.js';

const RECONNECT = { baseMs: 50, capMs: 2000 };
/** A connection that does not close by itself holds up the end of the process for this long. */
const DISCONNECT_TIMEOUT_MS = 300;
/** A connection that owes an answer for this long is given up: the other end may be gone without a word. */
const PRODUCER_SILENCE_MS = 5000;
/** A worker waits for jobs in silence, for 5 s at most. */
const WORKER_SILENCE_MS = 15_000;

/**
 * The producer's connection: whatever Redis does, a command is answered or refused within the timeout.
 * Nothing is queued in memory while there is no connection, because the spool keeps it.
 */
export function producerRedis(url: string, timeoutMs: number, availability: Availability): Redis {
  return watched(
    new Redis(url, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: timeoutMs,
      connectTimeout: timeoutMs,
      socketTimeout: Math.max(PRODUCER_SILENCE_MS, timeoutMs + 1000), // a command's own timeout comes first
      disconnectTimeout: DISCONNECT_TIMEOUT_MS,
      reconnectOnError: reconnectWhenReadOnly((error) => availability.down(error)), // whoever writes says for how long
      retryStrategy: (times) => jittered(RECONNECT, times),
    }),
    availability,
  );
}

/** A connection that is given up together with those that BullMQ makes after its pattern, to wait for jobs on. */
export class WorkerRedis extends Redis {
  private readonly copies: Redis[] = [];

  constructor(
    url: string,
    private readonly availability: Availability,
  ) {
    super(url, {
      maxRetriesPerRequest: null,
      socketTimeout: WORKER_SILENCE_MS,
      disconnectTimeout: DISCONNECT_TIMEOUT_MS,
      reconnectOnError: reconnectWhenReadOnly((error) => availability.refused(error)),
      retryStrategy: (times) => jittered(RECONNECT, times),
    });
  }

  override duplicate(override?: Partial<RedisOptions>): Redis {
    const reconnectOnError = reconnectWhenReadOnly((error) => this.availability.refused(error));
    const copy = super.duplicate({ reconnectOnError, ...override });
    this.copies.push(copy);
    return copy;
  }

  /** Jobs could be taken off it, or there were none: that ends what a refusal began. */
  served(): void {
    this.availability.written();
  }

  /** Whoever waits for one of them to become ready is told that it will not; BullMQ would wait for ever. */
  giveUp(): void {
    [this, ...this.copies].forEach(end);
  }
}

function end(redis: Redis): void {
  if (redis.status === 'reconnecting') {
    // ioredis would cancel its next attempt and never say that this was the end.
    redis.connect().catch(() => undefined); // it is broken off right away
  }
  redis.disconnect();
}

/** The worker's connection: it waits for Redis for ever, because there is nothing else for it to do. */
export function workerRedis(url: string, availability: Availability): WorkerRedis {
  return watched(new WorkerRedis(url, availability), availability);
}

/** Resolves when a new connection is ready, has failed, or takes too long. */
export async function firstAnswer(redis: Redis, timeoutMs: number): Promise<void> {
  if (redis.status === 'connecting' || redis.status === 'connect') {
    const answer = once(redis, 'ready', { signal: AbortSignal.timeout(timeoutMs) });
    await answer.catch(() => undefined); // the command that comes now says why
  }
}

/** What ioredis says of a command that it does not even try to send: the reason was an earlier failure. */
export function isUnsent(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("Stream isn't writeable");
}

function watched<Connection extends Redis>(redis: Connection, availability: Availability): Connection {
  redis.on('ready', () => availability.up());
  redis.on('error', (error) => availability.down(error));
  redis.on('reconnecting', () => {
    if (availability.known !== false) availability.down(new Error('the connection was lost')); // else it is known why
  });
  return redis;
}
