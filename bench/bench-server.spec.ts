import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { temporaryFolder } from '../scripts/test-support/temporary-folder.js';
import { eventually } from '../scripts/test-support/until.js';
import { BenchServer } from './bench-server.js';

describe('BenchServer', () => {
  const folder = temporaryFolder();
  const script = join(folder, 'server.cjs');
  const log = join(folder, 'server.log');
  const recipe = { name: 'server', script: relative(resolve(__dirname, '..'), script) };
  const before = process.env['DATA_DIR'];

  beforeAll(() => {
    writeFileSync(script, 'console.log(process.env.DATA_DIR); process.send({ port: 1 }); setInterval(() => {}, 1000);');
    process.env['DATA_DIR'] = folder;
  });
  afterAll(() => {
    delete process.env['DATA_DIR'];
    if (before !== undefined) process.env['DATA_DIR'] = before;
  });

  /** The folder that it was given, which is there while it runs. */
  async function givenFolder(env = {}): Promise<string> {
    const server = await BenchServer.start({ ...recipe, env }, folder);
    const given = await eventually(() => /.+/.exec(readFileSync(log, 'utf8'))![0]);
    expect(existsSync(given)).toBe(true);
    await server.stop();
    return given;
  }

  it('has a data folder of its own, not the caller’s, for as long as it runs', async () => {
    const given = await givenFolder();
    expect(given).not.toBe(folder);
    expect(existsSync(given)).toBe(false);
  });

  it('has the one of its recipe, which stays', async () => {
    expect(await givenFolder({ DATA_DIR: folder })).toBe(folder);
    expect(existsSync(folder)).toBe(true);
  });
});
