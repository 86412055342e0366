import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new folder that a server of another user can reach, too. */
export function makeDataDir(): string {
  const dataDir = mkdtempSync(join(tmpdir(), 'falcon-audit-'));
  chmodSync(dataDir, 0o755); // Postgres does not run as root, and then as somebody who must get in
  return dataDir;
}
