import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeDataDir } from '../../../test-support/data-dir.js';
import { describeWhere } from '../../../../../scripts/test-support/tools.js';
import { openClusterFolder } from './cluster-folder.js';
import { killOrphanedBackends } from './orphaned-backends.js';

describeWhere(process.platform === 'linux', 'this is not Linux', 'what is left of a server', () => {
  it('is killed, and nobody else who is in its folder', async () => {
    const dataDir = makeDataDir();
    const folder = openClusterFolder(dataDir);
    mkdirSync(folder.data, { recursive: true });
    const postgres = join(dataDir, 'postgres-of-a-test/postgres');
    mkdirSync(dirname(postgres));
    copyFileSync('/bin/bash', postgres);
    const waiting = async (program: string): Promise<ChildProcess> => {
      const child = spawn(program, ['-c', 'echo; read'], { cwd: folder.data });
      await once(child.stdout, 'data');
      return child;
    };
    const [backend, shell] = [await waiting(postgres), await waiting('/bin/bash')];
    const ended = once(backend, 'exit');
    expect(killOrphanedBackends(folder)).toBe(1);
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(shell.exitCode ?? shell.signalCode).toBeNull();
    shell.kill('SIGKILL');
  });
});
