import type { LogWriter } from '@app/resilience';
import { EmbeddedPostgres } from '../src/database/embedded/embedded-postgres.js';

// A process that uses the embedded Postgres of the folder in its argument: says how to reach it, and leaves on SIGTERM.
const write = (message: string) => void process.stderr.write(`${message}\n`);
const log: LogWriter = { info: write, warning: write, error: write };

async function main(dataDir: string): Promise<void> {
  const postgres = await EmbeddedPostgres.start({ dataDir, log });
  process.once('SIGTERM', () => void postgres.stop());
  process.stdout.write(`${JSON.stringify(postgres.connection)}\n`);
}

main(process.argv[2] ?? '').catch((error: Error) => {
  write(error.message);
  process.exit(1);
});
