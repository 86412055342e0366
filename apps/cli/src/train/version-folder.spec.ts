import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeVersionFolder } from './version-folder.js';

describe('writeVersionFolder', () => {
  let models: string;
  let folder: string;

  beforeEach(() => {
    models = mkdtempSync(join(tmpdir(), 'falcon-version-folder-'));
    folder = join(models, 'mood', '1');
  });

  afterEach(() => rmSync(models, { recursive: true }));

  it('writes all files, and leaves nothing beside them', () => {
    writeVersionFolder(folder, { 'a.txt': 'one', 'b.bin': Buffer.of(1, 2) }, false);
    expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('one');
    expect(readFileSync(join(folder, 'b.bin'))).toEqual(Buffer.of(1, 2));
    expect(readdirSync(join(models, 'mood'))).toEqual(['1']);
  });

  it('does not touch a version that is there', () => {
    writeVersionFolder(folder, { 'a.txt': 'one' }, false);
    expect(() => writeVersionFolder(folder, { 'a.txt': 'two' }, false)).toThrow('exists: give --force to replace it');
    expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('one');
  });

  it('replaces a version whole when told to', () => {
    writeVersionFolder(folder, { 'a.txt': 'one', 'old.txt': 'old' }, false);
    writeVersionFolder(folder, { 'a.txt': 'two' }, true);
    expect(readdirSync(folder)).toEqual(['a.txt']);
    expect(readdirSync(join(models, 'mood'))).toEqual(['1']);
  });

  it('leaves the old version and no trace when a file cannot be written', () => {
    writeVersionFolder(folder, { 'a.txt': 'one' }, false);
    expect(() => writeVersionFolder(folder, { 'a.txt': 'two', 'no/such/folder.txt': '' }, true)).toThrow('ENOENT');
    expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('one');
    expect(readdirSync(join(models, 'mood'))).toEqual(['1']);
  });

  it('leaves no trace when the folder cannot be made', () => {
    mkdirSync(join(models, 'mood'));
    writeFileSync(join(models, 'mood', 'file'), '');
    expect(() => writeVersionFolder(join(models, 'mood', 'file', '1'), {}, false)).toThrow('ENOTDIR');
    expect(readdirSync(join(models, 'mood'))).toEqual(['file']);
  });
});
