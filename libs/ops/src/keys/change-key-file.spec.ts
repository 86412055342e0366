import { chmodSync, chownSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../../../scripts/test-support/temporary-folder.js';
import { describeWhere } from '../../../../scripts/test-support/tools.js';
import { generateKey } from './api-key.js';
import { changeKeyFile } from './change-key-file.js';
import { readKeyFile, type KeyRecord } from './key-file.js';

function record(): KeyRecord {
  const { id, sha256 } = generateKey();
  return { id, sha256, tenant: 'acme', role: 'infer', created_at: '2026-01-01T00:00:00Z' };
}

const isRoot = process.getuid?.() === 0;

describe('changeKeyFile', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'keys.json');
  beforeEach(() => readdirSync(folder).forEach((name) => rmSync(join(folder, name))));

  it('makes a file that only its owner reads, and changes it', async () => {
    const [one, two] = [record(), record()];
    await changeKeyFile(file, () => [one]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await changeKeyFile(file, (keys) => [...keys, two]);
    expect(await readKeyFile(file)).toEqual([one, two]);
    expect(readdirSync(folder)).toEqual(['keys.json']);
  });

  it('leaves who may read it, and the link that leads to it, as they are', async () => {
    await changeKeyFile(file, () => []);
    chmodSync(file, 0o640);
    symlinkSync('keys.json', join(folder, 'link.json'));
    const one = record();
    await changeKeyFile(join(folder, 'link.json'), () => [one]);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(await readKeyFile(file)).toEqual([one]);
  });

  describeWhere(isRoot, 'only root can give a key file away', 'run by root', () => {
    it('leaves the file to the user that the server runs as', async () => {
      await changeKeyFile(file, () => []);
      chownSync(file, 10001, 10002);
      await changeKeyFile(file, () => [record()]);
      expect(statSync(file)).toMatchObject({ uid: 10001, gid: 10002 });
      expect(statSync(file).mode & 0o777).toBe(0o600);
    });

    it('lets its owner change a file that the group of somebody else has no part in', async () => {
      await changeKeyFile(file, () => [record()]);
      chownSync(file, 65534, 10002);
      chmodSync(folder, 0o777);
      process.seteuid!(65534);
      await changeKeyFile(file, () => []).finally(() => process.seteuid!(0));
      expect(await readKeyFile(file)).toEqual([]);
      expect(statSync(file).uid).toBe(65534);
      chownSync(file, 65534, 10002);
      chmodSync(file, 0o640);
      process.seteuid!(65534);
      const change = changeKeyFile(file, () => []).finally(() => process.seteuid!(0));
      await expect(change).rejects.toThrow('it belongs to 65534:10002');
    });

    it('says whose the file is to somebody who could not leave it to them', async () => {
      const one = record();
      await changeKeyFile(file, () => [one]);
      chmodSync(file, 0o644);
      chmodSync(folder, 0o777);
      process.seteuid!(65534);
      const change = changeKeyFile(file, () => []).finally(() => process.seteuid!(0));
      await expect(change).rejects.toThrow(
        'it belongs to 0:0, and only that user, in that group, or root can change it (EPERM)',
      );
      expect(await readKeyFile(file)).toEqual([one]);
      expect(readdirSync(folder)).toEqual(['keys.json']);
    });
  });

  it('changes nothing when the change fails, and can be tried again', async () => {
    const one = record();
    await changeKeyFile(file, () => [one]);
    const failing = changeKeyFile(file, () => {
      throw new Error('no such key');
    });
    await expect(failing).rejects.toThrow('no such key');
    expect(await readKeyFile(file)).toEqual([one]);
    expect(readdirSync(folder)).toEqual(['keys.json']);
  });

  it('does not overwrite what it cannot read', async () => {
    writeFileSync(file, 'somebody else’s notes');
    await expect(changeKeyFile(file, () => [])).rejects.toThrow('it is not JSON');
  });

  it.each([
    ['a note that is too long', { note: 'x'.repeat(201) }, 'keys.1.note must have at most 200 characters'],
    ['a burst that is too large', { rate_limit: { per_minute: 1, burst: 1_000_001 } }, 'keys.1.rate_limit.burst'],
  ])('writes nothing that nobody could read again: %s', async (_what, wrong, reason) => {
    const one = record();
    await changeKeyFile(file, () => [one]);
    await expect(changeKeyFile(file, (keys) => [...keys, { ...record(), ...wrong }])).rejects.toThrow(reason);
    expect(await readKeyFile(file)).toEqual([one]);
  });

  it('writes no more keys than can be read again', async () => {
    const many = Array.from({ length: 100_001 }, () => record());
    await expect(changeKeyFile(file, () => many)).rejects.toThrow('keys must be at most 100000');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('lets one change a file at a time', async () => {
    const changes = await Promise.allSettled(
      Array.from({ length: 8 }, () => changeKeyFile(file, (keys) => [...keys, record()])),
    );
    const done = changes.filter(({ status }) => status === 'fulfilled');
    expect(done.length).toBeGreaterThan(0);
    expect(await readKeyFile(file)).toHaveLength(done.length);
    const refusals = changes.flatMap((change) => (change.status === 'rejected' ? [String(change.reason)] : []));
    expect(refusals.filter((reason) => !reason.includes('it is being changed'))).toEqual([]);
  });
});
