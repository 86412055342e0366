import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../scripts/test-support/temporary-folder.js';
import { describeWhere } from '../scripts/test-support/tools.js';

const TYPESCRIPT = join(__dirname, '../scripts/test-support/register-typescript.cjs');
const PROGRAM = join(__dirname, 'test-support/interrupted-bench.ts');

describeWhere(process.platform === 'linux', 'this is not Linux', 'a bench that is interrupted', () => {
  const folder = temporaryFolder();

  it.each([
    ['told to end', 'SIGTERM', 143],
    ['by Ctrl-C, which the terminal sends to all of its processes', 'SIGINT', 130],
  ] as const)('leaves no process and no folder behind when it is %s', async (_, signal, code) => {
    const bench = spawn(process.execPath, ['--require', TYPESCRIPT, PROGRAM, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    try {
      const [temporary] = (await once(bench.stdout.setEncoding('utf8'), 'data')) as [string];
      const ended = once(bench, 'exit');
      process.kill(signal === 'SIGINT' ? -bench.pid! : bench.pid!, signal);
      expect(await ended).toEqual([code, null]);
      expect(existsSync(temporary.trim())).toBe(false);
      for (const name of ['server', 'frozen']) {
        const [pid, ...signals] = readFileSync(join(folder, `${name}.log`), 'utf8')
          .trim()
          .split('\n');
        expect(signals).toEqual([signal]);
        expect(existsSync(`/proc/${pid}`)).toBe(false);
      }
    } finally {
      killGroup(bench.pid!);
    }
  });
});

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // nobody is left
  }
}
