import { lookup } from 'node:dns/promises';
import type { ProcessLog } from '../logging/log.js';

/** Where a process listens. */
export interface Place {
  host: string;
  port: number;
}

/** As much of a Nest application as is needed to listen. */
interface Listening {
  listen(port: number, address: string): Promise<unknown>;
}

/**
 * Listens on the first address of the host, an IPv4 one if there is any; or says why not, and ends the process.
 * @param who is to listen, as the beginning of a sentence
 */
export async function listenOrExit(app: Listening, { host, port }: Place, log: ProcessLog, who: string): Promise<void> {
  try {
    // Fastify would make two servers of "localhost", of which it lets us have one.
    const { address } = await lookup(host, { order: 'ipv4first' });
    await app.listen(port, address);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const sentence =
      code === 'EADDRINUSE'
        ? `Port ${port} of ${host} is in use: stop what listens there or set PORT to another one.`
        : `${who} cannot listen on port ${port} of ${host}: ${String(code ?? error)}.`;
    log.critical(sentence);
    await log.flush();
    process.stderr.write(`${sentence}\n`);
    process.exit(1);
  }
}
