import fs from 'node:fs/promises';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryFolder } from '../../../../scripts/test-support/temporary-folder.js';
import { until } from '../../../../scripts/test-support/until.js';
import { generateKey } from './api-key.js';
import { KeyStore } from './key-store.js';

interface Line {
  message: string;
  fields: Record<string, unknown> | undefined;
}

jest.setTimeout(60_000);

describe('KeyStore', () => {
  const folder = temporaryFolder();
  const stores: KeyStore[] = [];
  afterEach(() => stores.splice(0).forEach((store) => store.stop()));

  const content = (...made: ReturnType<typeof generateKey>[]) =>
    JSON.stringify({
      keys: made.map(({ id, sha256 }) => {
        return { id, sha256, tenant: 'acme', role: 'infer', created_at: '2026-01-01T00:00:00Z' };
      }),
    });

  async function started(file: string) {
    const lines: Line[] = [];
    const statuses: string[] = [];
    const note = (message: string, fields?: Record<string, unknown>) => void lines.push({ message, fields });
    const log = { debug: note, info: note, warning: note, error: note, critical: note };
    const store = await KeyStore.open({ file }, log);
    stores.push(store);
    store.start((status) => statuses.push(status));
    return { store, lines, statuses };
  }

  it('takes over a file that was written anew', async () => {
    const file = join(folder, 'anew.json');
    const [first, second] = [generateKey(), generateKey()];
    writeFileSync(file, content(first));
    const { store, statuses } = await started(file);
    expect(store.ring.find(first.key)?.tenant).toBe('acme');
    writeFileSync(file, content(second));
    await until(() => statuses.length === 1);
    expect([store.ring.find(first.key), store.ring.find(second.key)?.id]).toEqual([undefined, second.id]);
    expect(statuses).toEqual(['success']);
  });

  it('sees a secret mount change, which swaps a link above the file', async () => {
    const mount = join(folder, 'mount');
    const [first, second] = [generateKey(), generateKey()];
    for (const [name, made] of [['..1', first] as const, ['..2', second] as const]) {
      mkdirSync(join(mount, name), { recursive: true });
      writeFileSync(join(mount, name, 'keys.json'), content(made));
    }
    symlinkSync('..1', join(mount, '..data'));
    symlinkSync('..data/keys.json', join(mount, 'keys.json'));
    const { store } = await started(join(mount, 'keys.json'));
    symlinkSync('..2', join(mount, '..data_tmp'));
    renameSync(join(mount, '..data_tmp'), join(mount, '..data'));
    await until(() => store.ring.find(second.key) !== undefined);
    expect(store.ring.find(first.key)).toBeUndefined();
  });

  it('goes on with the old keys when the file is broken or gone, says so once, and takes over what comes after', async () => {
    const file = join(folder, 'broken.json');
    const [first, second] = [generateKey(), generateKey()];
    writeFileSync(file, content(first));
    const { store, lines, statuses } = await started(file);
    writeFileSync(file, `${content(first).slice(0, -4)} and then some`);
    await until(() => statuses.length === 1);
    rmSync(file);
    await until(() => statuses.length === 2);
    await sleep(2500);
    expect(statuses).toEqual(['error', 'error']);
    expect(store.ring.find(first.key)?.id).toBe(first.id);
    expect(lines.map(({ fields }) => String(fields?.['reason']))).toEqual([
      expect.stringContaining('it is not JSON'),
      expect.stringContaining('there is no such file'),
    ]);
    expect(JSON.stringify(lines)).not.toContain(first.sha256);
    writeFileSync(file, content(second));
    await until(() => store.ring.find(second.key) !== undefined);
    expect(store.ring.find(first.key)).toBeUndefined();
  });

  it('tries again what could not be read, and says so once', async () => {
    const file = join(folder, 'unread.json');
    const [first, second] = [generateKey(), generateKey()];
    writeFileSync(file, content(first));
    const { store, lines, statuses } = await started(file);
    const failure = Object.assign(new Error('i/o error'), { code: 'EIO' });
    const reading = jest.spyOn(fs, 'readFile').mockRejectedValue(failure);
    try {
      writeFileSync(file, content(second));
      await until(() => reading.mock.calls.length >= 3);
      expect([store.ring.find(first.key)?.id, statuses]).toEqual([first.id, ['error']]);
    } finally {
      reading.mockRestore();
    }
    await until(() => store.ring.find(second.key) !== undefined);
    expect(store.ring.find(first.key)).toBeUndefined();
    expect(statuses).toEqual(['error', 'success']);
    expect(lines.map(({ fields }) => fields?.['reason'])).toEqual([expect.stringContaining('EIO'), undefined]);
  });

  it.each([
    ['not there', undefined, 'there is no such file'],
    ['not JSON', '{"keys": [', 'it is not JSON'],
    ['without keys', '{}', 'keys '],
    ['with an unknown member', '{"keys": [], "admin": true}', 'admin'],
    ['with a short hash', content({ ...generateKey(), sha256: 'abc' }), 'keys.0.sha256 must be 64 hexadecimal digits'],
    ['with two keys of one id', content(...Array(2).fill(generateKey())), 'two keys have the same id'],
  ])('does not open with a file that is %s', async (_what, written, reason) => {
    const file = join(folder, 'wrong.json');
    rmSync(file, { force: true });
    if (written !== undefined) writeFileSync(file, written);
    const log = { debug() {}, info() {}, warning() {}, error() {}, critical() {} };
    await expect(KeyStore.open({ file }, log)).rejects.toThrow(reason);
  });
});
