import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT_DIR } from './program.js';
import { temporaryFolder } from './temporary-folder.js';

/** A checkout, in a folder with a space in its name, on a machine that has some tools of the system, and scripts in place of other programs. */
export class BareMachine {
  readonly checkout = join(temporaryFolder(), 'a checkout');
  private readonly bin = join(this.checkout, 'bin');

  /** The checkout has these files, and the machine these tools. */
  constructor(files: readonly string[], tools: readonly string[]) {
    mkdirSync(this.bin, { recursive: true });
    for (const file of files) cpSync(join(PROJECT_DIR, file), join(this.checkout, file));
    for (const tool of tools) symlinkSync(whereIs(tool), join(this.bin, tool));
  }

  /** Gives it a program: lines of bash. */
  putCommand(name: string, script: string): void {
    writeFileSync(join(this.bin, name), `#!/usr/bin/env bash\n${script}\n`);
    chmodSync(join(this.bin, name), 0o755);
  }

  /** Runs a program of the checkout. */
  run(program: string, ...args: string[]) {
    const env = { PATH: this.bin, HOME: this.checkout, TMPDIR: tmpdir() };
    const options = { cwd: tmpdir(), env, encoding: 'utf8' } as const;
    const { status, stdout, stderr } = spawnSync(join(this.checkout, program), args, options);
    return { status, stdout, stderr };
  }

  /** The lines of a file of the checkout, which programs may write; none while it is not there. */
  noted(file: string): string[] {
    const path = join(this.checkout, file);
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
  }
}

function whereIs(tool: string): string {
  return spawnSync('/bin/sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim();
}
