import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../../../scripts/test-support/temporary-folder.js';
import { manifestOf } from '../../test-support/model-fixtures.js';
import { listModelFolders, MAX_MODEL_NAME_CHARACTERS } from './model-folders.js';

describe('listModelFolders', () => {
  let dir: string;
  beforeEach(() => (dir = temporaryFolder()));

  it('lists versions by number, whatever lies between them', () => {
    for (const version of ['10', '10.bak', '9', 'old']) mkdirSync(join(dir, 'linear', version), { recursive: true });
    expect(listModelFolders(dir).map(({ version }) => version)).toEqual(['9', '10', '10.bak', 'old']);
  });

  it.each([
    ['refuses', 'beside a version that has one', manifestOf({})],
    ['refuses', 'beside a version whose own is damaged', '{'],
    ['lists', 'where no version has one', undefined],
  ])('%s a version without falcon.json %s', (what, _, manifest) => {
    for (const version of ['1', '2', '3.bak']) mkdirSync(join(dir, 'linear', version), { recursive: true });
    writeFileSync(join(dir, 'linear', '3.bak', 'falcon.json'), manifestOf({}));
    if (manifest) writeFileSync(join(dir, 'linear', '1', 'falcon.json'), manifest);
    const listed = listModelFolders(dir).find(({ version }) => version === '2');
    const refusal = 'falcon.json is missing, and another version of the model has one';
    expect(listed?.refusal).toBe(what === 'refuses' ? refusal : undefined);
  });

  it('refuses names that are too long to be asked for', () => {
    for (const characters of [MAX_MODEL_NAME_CHARACTERS, MAX_MODEL_NAME_CHARACTERS + 1])
      mkdirSync(join(dir, 'm'.repeat(characters), '1'), { recursive: true });
    expect(listModelFolders(dir).map(({ refusal }) => refusal !== undefined)).toEqual([false, true]);
  });

  it('passes over what cannot be read, and refuses it where it has the name of a model', () => {
    chmodSync(dir, 0o755);
    mkdirSync(join(dir, 'linear', '1'), { recursive: true });
    symlinkSync('2', join(dir, 'linear', '2')); // leads to itself
    for (const name of ['away', 'linear/3', 'away+away']) symlinkSync('/nowhere', join(dir, name));
    const locked = ['locked', 'lost+found'].map((name) => join(dir, name));
    for (const folder of locked) mkdirSync(folder, { mode: 0 });
    const listed = asNobody(() => listModelFolders(dir));
    for (const folder of locked) chmodSync(folder, 0o700);
    expect(listed).toEqual([
      expect.objectContaining({ name: 'away', version: '?', refusal: 'the folder cannot be read: ENOENT' }),
      { name: 'linear', version: '1', folder: join(dir, 'linear', '1') },
      expect.objectContaining({ name: 'linear', version: '2', refusal: 'falcon.json cannot be read: ELOOP' }),
      expect.objectContaining({ name: 'linear', version: '3', refusal: 'the folder cannot be read: ENOENT' }),
      expect.objectContaining({ name: 'locked', version: '?', refusal: 'the folder cannot be read: EACCES' }),
    ]);
  });
});

/** Root may read everything. */
function asNobody<Result>(act: () => Result): Result {
  if (process.geteuid?.() !== 0) return act();
  process.seteuid?.(65_534);
  try {
    return act();
  } finally {
    process.seteuid?.(0);
  }
}
