import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ephemeral ports: Linux's begin at 32768 (net.ipv4.ip_local_port_range), macOS's at 49152. */
const FIRST_PORT = 20_000;
/** Each process of Jest has its own, on a machine of up to 48 cores: a port that one has given away may be free for a while. */
const PORTS_A_PROCESS = 250;
const PROCESSES = 48;
const FIRST_OF_PROCESS = firstPortOf(Number(process.env['JEST_WORKER_ID'] ?? 0));

let next = randomInt(PORTS_A_PROCESS); // runs at the same time begin elsewhere

/**
 * A port of the loopback address on which nothing listens now, another one with each call. The kernel gives it neither to an
 * outgoing connection nor to a server on port 0, so that it stays free until its server starts, and while it is restarted.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_OF_PROCESS + (next++ % PORTS_A_PROCESS);
    if (await isFree(port)) return port;
  }
}

/** The first port of a process of Jest, by its JEST_WORKER_ID. */
export function firstPortOf(worker: number): number {
  return FIRST_PORT + (worker % PROCESSES) * PORTS_A_PROCESS;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}
