import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { preload } from './preload.js';

describe('preload', () => {
  it.each(['plain', 'with a blank', 'with "quotes" and \\'])('loads a file from a folder %s', (name) => {
    const root = mkdtempSync(join(tmpdir(), 'falcon-preload-'));
    mkdirSync(join(root, name));
    const file = join(root, name, 'loaded.cjs');
    writeFileSync(file, 'console.log("loaded")');
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', ''], { encoding: 'utf8', env: preload(file) });
    rmSync(root, { recursive: true });
    expect({ stdout, stderr }).toEqual({ stdout: 'loaded\n', stderr: '' });
  });
});
