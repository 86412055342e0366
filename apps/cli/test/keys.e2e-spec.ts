import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KeyStore } from '@app/ops';
import { temporaryFolder } from '../../../scripts/test-support/temporary-folder.js';
import { falcon } from './support/falcon.js';

jest.setTimeout(60_000);

describe('falcon keys', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'keys.json');
  const keys = (...args: string[]) => falcon(['keys', ...args], { env: { API_KEYS_FILE: file } });
  const log = { debug() {}, info() {}, warning() {}, error() {}, critical() {} };
  const ring = async () => (await KeyStore.open({ file }, log)).ring;

  it('makes a key that the server knows, and keeps only its hash', async () => {
    const limits = ['--rate-per-minute', '600', '--expires', '90d', '--note', 'batch jobs'];
    const { code, stdout } = await keys('create', '--tenant', 'acme', ...limits);
    const key = stdout.trim();
    expect([code, /^falcon_[0-9a-f]{12}_[\w-]{43}$/.test(key)]).toEqual([0, true]);
    expect(readFileSync(file, 'utf8')).not.toContain(key.slice(20));
    const known = (await ring()).find(key);
    expect(known).toMatchObject({ tenant: 'acme', role: 'infer', rateLimit: { perSecond: 10, burst: 60 } });
    expect(Math.round(((known?.expiresAtMs ?? 0) - Date.now()) / 86_400_000)).toBe(90);
  });

  it('lists what there is, and nothing that opens anything', async () => {
    await keys('create', '--role', 'admin');
    const { stdout } = await keys('list');
    expect(stdout).toMatch(/^[0-9a-f]{12} {2}infer {4}acme .* expires .* 600\/min, burst 60 {2}batch jobs$/m);
    expect(stdout).toMatch(/^[0-9a-f]{12} {2}admin {4}admin .* never expires$/m);
    const listed = JSON.parse((await keys('list', '--json')).stdout) as Record<string, unknown>[];
    expect(listed.map(({ role }) => role)).toEqual(['infer', 'admin']);
    expect(listed.every((key) => !('sha256' in key))).toBe(true);
  });

  it('takes a key out again', async () => {
    const key = (await keys('create', '--tenant', 'other')).stdout.trim();
    const id = key.split('_')[1] ?? '';
    expect((await ring()).find(key)?.id).toBe(id);
    expect((await keys('revoke', id)).code).toBe(0);
    expect((await ring()).find(key)).toBeUndefined();
    const again = await keys('revoke', id);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining(`no key "${id}"`)]);
  });

  it('takes several keys out, all or none', async () => {
    const made = [(await keys('create', '--tenant', 'two')).stdout, (await keys('create', '--tenant', 'two')).stdout];
    const ids = made.map((key) => key.split('_')[1] ?? '');
    const kept = readFileSync(file, 'utf8');
    const { code, stderr } = await keys('revoke', ...ids, '0123456789ab');
    expect([code, stderr]).toEqual([1, expect.stringContaining('no key "0123456789ab"')]);
    expect(readFileSync(file, 'utf8')).toBe(kept);
    expect(await keys('revoke', ...ids)).toMatchObject({
      code: 0,
      stdout: ids.map((id) => `Key ${id} is revoked.\n`).join(''),
    });
    expect((await keys('list')).stdout).not.toContain(' two ');
  });

  it.each([
    ['create', 'needs --tenant'],
    ['create --tenant a/b', 'A tenant has 1 to 64'],
    ['create --tenant a --role root', 'Allowed choices are infer, admin, metrics'],
    ['create --tenant a --expires soon', 'An instant is written'],
    ['create --tenant a --expires 2199-02-30', 'An instant is written'],
    ['create --tenant a --expires 2020-01-01', 'is over'],
    ['create --tenant a --rate-burst 5', '--rate-burst needs --rate-per-minute'],
    ['create --tenant a --rate-per-minute 0', 'A count is written in digits'],
    ['create --tenant a --rate-per-minute 6 --rate-burst 1000001', 'A burst is 1000000 requests at most'],
    [`create --tenant a --note ${'x'.repeat(201)}`, 'A note has 200 characters at most'],
    ['list --file /nonesuch', 'there is no such file'],
  ])('refuses "%s" with a sentence', async (args, sentence) => {
    const { code, stdout, stderr } = await keys(...args.split(' '));
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringContaining(sentence)]);
    expect((await keys('list')).code).toBe(0);
  });
});
