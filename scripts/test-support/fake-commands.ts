import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Commands of a machine that a test does not have: scripts in a folder that comes first in PATH, and that note what they are asked. */
export class FakeCommands {
  readonly folder = mkdtempSync(join(tmpdir(), 'falcon-commands-'));
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

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
