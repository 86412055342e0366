import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { preload } from './preload.js';
import { temporaryFolder } from './temporary-folder.js';

describe('preload', () => {
  it.each(['plain', 'with a blank', 'with "quotes" and \\'])('loads a file from a folder %s', (name) => {
    const root = temporaryFolder();
    mkdirSync(join(root, name));
    const file = join(root, name, 'loaded.cjs');
    writeFileSync(file, 'console.log("loaded")');
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', ''], { encoding: 'utf8', env: preload(file) });
    expect({ stdout, stderr }).toEqual({ stdout: 'loaded\n', stderr: '' });
  });
});
