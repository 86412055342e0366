import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { childrenOf, processTree, signalAll } from '../scripts/test-support/process-tree.js';
import { until } from '../scripts/test-support/until.js';
import { keepTemporaryFoldersIn } from './config.js';

const LEAVE_MS = 5000;
const STOP_MS = 15_000;

/** From here on an interrupted process ends what it has started, and however it ends, its temporary folders go with it. */
export function endTogether(): void {
  const folder = mkdtempSync(join(tmpdir(), 'falcon-bench-'));
  chmodSync(folder, 0o755); // Postgres does not run as root, and then as somebody who must get in
  keepTemporaryFoldersIn(folder);
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void endChildren(signal).finally(() => process.exit(128 + constants.signals[signal]));
    });
  }
}

async function endChildren(signal: 'SIGINT' | 'SIGTERM'): Promise<void> {
  const descendants = () => processTree(process.pid).slice(1);
  const gone = (timeoutMs: number) => until(() => descendants().length === 0, { timeoutMs }).catch(() => undefined);
  signalAll(descendants(), 'SIGCONT'); // who is frozen hears nothing
  // A terminal's Ctrl-C has reached the children, too; told twice, a server leaves without ending its Postgres.
  if (signal === 'SIGINT') await gone(LEAVE_MS);
  signalAll(childrenOf(process.pid), 'SIGTERM');
  await gone(STOP_MS);
  signalAll(descendants(), 'SIGKILL');
  await gone(STOP_MS);
}
