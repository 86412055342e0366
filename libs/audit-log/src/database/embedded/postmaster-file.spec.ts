import fs, { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDataDir } from '../../../test-support/data-dir.js';
import { openClusterFolder } from './cluster-folder.js';
import { notedPid } from './postmaster-file.js';

describe('the number that the embedded Postgres notes', () => {
  const dataDir = makeDataDir();
  const folder = openClusterFolder(dataDir);
  const note = join(folder.data, 'postmaster.pid');

  beforeAll(() => mkdirSync(folder.data, { recursive: true }));
  afterEach(() => jest.restoreAllMocks());

  it('is in the first line', () => {
    writeFileSync(note, '4711\n/somewhere\n');
    expect(notedPid(folder)).toBe(4711);
  });

  it('is none when the server takes the note away, in whatever moment', () => {
    jest.spyOn(fs, 'existsSync').mockReturnValue(true); // a moment ago
    rmSync(note, { force: true });
    expect(notedPid(folder)).toBeUndefined();
  });
});
