import { Redis } from 'ioredis';
import { jittered, reconnectWhenReadOnly } from '@app/resilience';

const RECONNECT = { baseMs: 65, capMs: 650 };
const CONNECT_TIMEOUT_MS = 1000;
/** A connection that owes an answer for this long is given up: the other end may be gone without a word. */
const SOCKET_TIMEOUT_MS = 2000;
/** A connection that does not close by itself holds up the end of the process for this long. */
const DISCONNECT_TIMEOUT_MS = 300;

/**
 * Opens a connection for what may be lost: nothing waits in memory for Redis, nothing is sent twice, and it connects
 * again for ever by itself, the first time at once: one that looks elsewhere for the primary is not missed for that.
 */
export function cacheRedis(url: string): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    reconnectOnError: reconnectWhenReadOnly(),
    retryStrategy: (times) => (times === 1 ? 0 : jittered(RECONNECT, times - 1)),
  });
  redis.on('error', () => undefined); // each command says by itself that it failed; without a listener ioredis prints it
  return redis;
}

/** Another connection to hear what others publish; its users subscribe whenever it is ready. */
export function listeningRedis(redis: Redis): Redis {
  const listener = redis.duplicate({ autoResubscribe: false });
  listener.on('error', () => undefined); // it connects again
  return listener;
}
