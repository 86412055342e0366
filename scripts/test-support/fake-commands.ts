import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './temporary-folder.js';

/** Commands of a machine that a test does not have: scripts in a folder that comes first in PATH, and that note what they are asked. */
export class FakeCommands {
  readonly folder = temporaryFolder();
  private readonly notes = join(this.folder, 'notes');

  /** Bash that answers a call; it runs in the folder of the commands. */
  put(name: string, answer = ''): void {
    const note = `cd "$(dirname "$0")"\nprintf '%s\\n' "${name} $*" >>notes`;
    writeFileSync(join(this.folder, name), `#!/usr/bin/env bash\n${note}\n${answer}\n`);
    chmodSync(join(this.folder, name), 0o755);
  }

  /** What was asked, in its order. */
  calls(): string[] {
    return existsSync(this.notes) ? readFileSync(this.notes, 'utf8').trim().split('\n') : [];
  }
}
