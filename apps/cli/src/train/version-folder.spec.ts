import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../../../scripts/test-support/temporary-folder.js';
import { checkVersionFolder, writeVersionFolder } from './version-folder.js';

describe('writeVersionFolder', () => {
  let models: string;
  let folder: string;

  beforeEach(() => {
    models = temporaryFolder();
    folder = join(models, 'mood', '1');
  });

  it('writes all files, and leaves nothing beside them', () => {
    writeVersionFolder(folder, { 'a.txt': 'one', 'b.bin': Buffer.of(1, 2) }, false);
    expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('one');
    expect(readFileSync(join(folder, 'b.bin'))).toEqual(Buffer.of(1, 2));
    expect(readdirSync(join(models, 'mood'))).toEqual(['1']);
  });

  it('does not touch a version that is there', () => {
    writeVersionFolder(folder, { 'model.json': 'one' }, false);
    expect(() => writeVersionFolder(folder, { 'model.json': 'two' }, false)).toThrow('exists: give --force to replace');
    expect(readFileSync(join(folder, 'model.json'), 'utf8')).toBe('one');
  });

  it('replaces a version whole when told to', () => {
    writeVersionFolder(folder, { 'model.json': 'one', 'old.txt': 'old' }, false);
    writeVersionFolder(folder, { 'model.json': 'two' }, true);
    expect(readdirSync(folder)).toEqual(['model.json']);
    expect(readdirSync(join(models, 'mood'))).toEqual(['1']);
  });

  it('does not take the folder of a model for one of its versions', () => {
    writeVersionFolder(folder, { 'model.json': 'one' }, false);
    for (const replace of [false, true]) {
      expect(() => checkVersionFolder(join(models, 'mood'), replace)).toThrow('does not end in a version');
      expect(() => writeVersionFolder(join(models, 'mood'), {}, replace)).toThrow('does not end in a version');
    }
    expect(readdirSync(folder)).toEqual(['model.json']);
  });

  it.each(['my mood', '.moods'])('writes no version of %j, which no server takes for a model', (name) => {
    expect(() => checkVersionFolder(join(models, name, '1'), false)).toThrow(`"${name}" is not a model name`);
  });

  it('replaces an empty folder, and nothing that is no version', () => {
    mkdirSync(folder, { recursive: true });
    writeVersionFolder(folder, { 'notes.txt': 'mine' }, true);
    for (const replace of [false, true]) {
      expect(() => checkVersionFolder(folder, replace)).toThrow('are no version of a model, and is not replaced');
    }
    expect(readdirSync(folder)).toEqual(['notes.txt']);
  });

  it('replaces no file', () => {
    mkdirSync(join(models, 'mood'));
    writeFileSync(folder, 'mine');
    expect(() => checkVersionFolder(folder, true)).toThrow(`${folder} is a file, and no folder of a version`);
  });

  it('leaves the old version and no trace when a file cannot be written', () => {
    writeVersionFolder(folder, { 'model.json': 'one' }, false);
    const files = { 'model.json': 'two', 'no/such/folder.txt': '' };
    expect(() => writeVersionFolder(folder, files, true)).toThrow('ENOENT');
    expect(readFileSync(join(folder, 'model.json'), 'utf8')).toBe('one');
    expect(readdirSync(join(models, 'mood'))).toEqual(['1']);
  });

  it('leaves no trace when the folder cannot be made', () => {
    mkdirSync(join(models, 'mood'));
    writeFileSync(join(models, 'mood', 'file'), '');
    expect(() => writeVersionFolder(join(models, 'mood', 'file', '1'), {}, false)).toThrow('ENOTDIR');
    expect(readdirSync(join(models, 'mood'))).toEqual(['file']);
  });
});
