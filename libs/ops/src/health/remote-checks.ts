import { once } from 'node:events';
import { connect } from 'node:net';
import type { HealthCheck } from './health-check.js';

const REMOTE_CHECK_MS = 5000;

/** Something elsewhere, asked now and then whoever probes: `http(s)` has to answer below 400, `tcp` to take a connection. */
export function remoteCheck(name: string, url: URL): HealthCheck {
  return {
    name,
    critical: false,
    cacheMs: REMOTE_CHECK_MS,
    check: async (indicator, signal) => {
      if (url.protocol === 'tcp:') {
        await touch(url, signal);
        return indicator.up();
      }
      const response = await fetch(url, { signal, redirect: 'manual' });
      await response.body?.cancel();
      return response.status < 400 ? indicator.up() : indicator.down(`It answered ${response.status}.`);
    },
  };
}

/** Opens a connection and closes it at once. */
async function touch({ hostname, port }: URL, signal: AbortSignal): Promise<void> {
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) });
  try {
    await once(socket, 'connect', { signal });
  } finally {
    socket.destroy();
  }
}
