import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listModelFolders } from './model-folders.js';

describe('listModelFolders', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'falcon-models-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('lists versions by number, whatever lies between them', () => {
    for (const version of ['10', '10.bak', '9', 'old']) mkdirSync(join(dir, 'linear', version), { recursive: true });
    expect(listModelFolders(dir).map(({ version }) => version)).toEqual(['9', '10', '10.bak', 'old']);
  });
});
