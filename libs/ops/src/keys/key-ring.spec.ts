import crypto from 'node:crypto';
import { generateKey } from './api-key.js';
import { KeyRing } from './key-ring.js';

const ADMIN = 'an-admin-key-of-any-form';

function ringWith(count: number, adminKey?: string) {
  const made = Array.from({ length: count }, () => generateKey());
  const kept = made.map(({ id, sha256 }) => {
    return { id, tenant: `tenant-${id}`, role: 'infer' as const, digest: Buffer.from(sha256, 'hex') };
  });
  return { ring: new KeyRing(kept, adminKey), keys: made };
}

/** The digit or letter at a place is another one. */
const changed = (key: string, at: number) => `${key.slice(0, at)}${key[at] === 'A' ? 'B' : 'A'}${key.slice(at + 1)}`;

describe('KeyRing', () => {
  it('finds a key by what its owner was given', () => {
    const { ring, keys } = ringWith(3, ADMIN);
    for (const { id, key } of keys) expect(ring.find(key)).toMatchObject({ id, tenant: `tenant-${id}`, role: 'infer' });
    expect(ring.find(ADMIN)).toMatchObject({ id: 'ADMIN_API_KEY', role: 'admin' });
  });

  it('does not find what differs in any character', () => {
    const { ring, keys } = ringWith(1, ADMIN);
    const [{ key } = { key: '' }] = keys;
    for (let at = 0; at < key.length; at++) expect(ring.find(changed(key, at))).toBeUndefined();
    for (let at = 0; at < ADMIN.length; at++) expect(ring.find(changed(ADMIN, at))).toBeUndefined();
  });

  it.each(['', ' ', 'falcon_', 'x'.repeat(257), '\u0000', '__proto__', 'constructor'])('does not find %j', (given) => {
    expect(ringWith(1, ADMIN).ring.find(given)).toBeUndefined();
    expect(ringWith(0).ring.find(given)).toBeUndefined();
  });

  it('never takes the key of one for that of another with its id', () => {
    const { ring, keys } = ringWith(2);
    const [one, other] = keys.map(({ key }) => key.split('_'));
    expect(ring.find(['falcon', one?.[1], other?.slice(2).join('_')].join('_'))).toBeUndefined();
  });

  it('knows which roles there are', () => {
    expect([ringWith(1).ring.has('admin'), ringWith(1).ring.has('infer')]).toEqual([false, true]);
    expect(ringWith(0, ADMIN).ring.has('admin')).toBe(true);
  });

  describe('compares', () => {
    const compare = jest.spyOn(crypto, 'timingSafeEqual');
    afterAll(() => compare.mockRestore());

    const { ring, keys } = ringWith(5, ADMIN);
    const [{ id, key } = { id: '', key: '' }] = keys;
    it.each([
      ['a known key', ring, key],
      ['one that differs at its end', ring, changed(key, key.length - 1)],
      ['one with an unknown id', ring, generateKey().key],
      ['the id alone', ring, `falcon_${id}_`],
      ['nonsense', ring, 'hunter2'],
      ['nothing', ring, ''],
      ['the admin key', ring, ADMIN],
      ['a key where there is none', new KeyRing([]), key],
    ])('two digests of full length for %s, in constant time', (_what, where, given) => {
      compare.mockClear();
      where.find(given);
      expect(compare.mock.calls.map(([a, b]) => [a.byteLength, b.byteLength])).toEqual([
        [32, 32],
        [32, 32],
      ]);
    });
  });
});
