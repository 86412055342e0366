import type { Socket } from 'node:net';

const DISCONNECTED = Symbol('aborted when the client is gone');

interface WatchedSocket extends Socket {
  [DISCONNECTED]?: AbortSignal;
}

/**
 * Aborted when the connection closes, that is when nobody waits for an answer on it any more.
 * One signal serves all requests of a connection: making and wiring one per request would cost more than the rest of the hook.
 */
export function disconnectSignal(socket: WatchedSocket): AbortSignal {
  return (socket[DISCONNECTED] ??= watch(socket));
}

function watch(socket: Socket): AbortSignal {
  const controller = new AbortController();
  if (socket.destroyed) {
    controller.abort();
  } else {
    socket.once('close', () => controller.abort());
  }
  return controller.signal;
}
