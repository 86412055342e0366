import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import './children.js'; // its hook comes before the one here: no folder goes while a process of the file still uses it

const folders: string[] = [];

// After the hooks of every `describe`. Bench and drills have no such hook, and remove what they make.
globalThis.afterAll?.(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** A new folder, until the end of the test file, wherever in the file it is asked for. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'falcon-'));
  folders.push(folder);
  return folder;
}
