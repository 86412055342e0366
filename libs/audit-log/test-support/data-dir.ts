import { chmodSync } from 'node:fs';
import { temporaryFolder } from '../../../scripts/test-support/temporary-folder.js';

/** A temporary folder that a server of another user can reach, too. */
export function makeDataDir(): string {
  const dataDir = temporaryFolder();
  chmodSync(dataDir, 0o755); // Postgres does not run as root, and then as somebody who must get in
  return dataDir;
}
