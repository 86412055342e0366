import type { ProcessLog } from '../logging/log.js';

/**
 * A failure that nothing handles leaves the process in a state nobody thought of: it says so and ends.
 * @param who ends, as the beginning of a sentence
 */
export function dieOfSurprises(log: ProcessLog, who: string): void {
  process.on('uncaughtException', (surprise) => {
    log.critical(`${who} ends because of an unexpected failure`, { error: surprise });
    void log.flush().then(() => process.exit(1));
  });
}
