import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import './children.js'; // its hook comes before the one here: no folder goes while a process of the file still uses it

const folders: string[] = [];

// After the hooks of every `describe`. Bench and drills have no such hook, and remove what they make.
globalThis.afterAll?.(async () => {
  const removals = folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  await Promise.allSettled(removals); // one that cannot be removed keeps none of the others
  await Promise.all(removals);
});

/** A new folder, until the end of the test file, wherever in the file it is asked for. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'falcon-'));
  folders.push(folder);
  return folder;
}
