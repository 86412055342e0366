import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { PROJECT_DIR } from '../../../scripts/test-support/program.js';
import { temporaryFolder } from '../../../scripts/test-support/temporary-folder.js';
import { falcon } from './support/falcon.js';

describe('falcon of a checkout', () => {
  const folder = temporaryFolder();

  it('is bin/falcon, which works in the folder of its caller', () => {
    const args = ['keys', 'create', '--file', 'keys.json', '--role', 'admin'];
    const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}` };
    const { status, stderr } = spawnSync(join(PROJECT_DIR, 'bin/falcon'), args, { cwd: folder, env, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('is in keys.json') });
    expect(existsSync(join(folder, 'keys.json'))).toBe(true);
  });

  it('says that it is not built, and not that rows are missing', () => {
    for (const file of ['bin/falcon', 'scripts/node.sh', '.nvmrc'])
      cpSync(join(PROJECT_DIR, file), join(folder, 'new', file));
    const { status, stderr } = spawnSync(join(folder, 'new/bin/falcon'), ['audit', 'verify', '-'], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining("run 'make build' in") });
  });

  it('says which Node it needs under one that is too old, before it loads anything', async () => {
    const older = join(folder, 'older-node.cjs');
    writeFileSync(
      older,
      `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '24.15.1' } });
       const { _load } = require('node:module');
       require('node:module')._load = (name, parent, isMain) => {
         if (!isMain) throw new Error('loaded ' + name);
         return _load(name, parent, isMain);
       };`,
    );
    const { code, stdout, stderr } = await falcon(['--help'], { env: { NODE_OPTIONS: `--require=${older}` } });
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringMatching(/^Falcon needs Node\.js 24\.16 or newer/)]);
  });
});
