import fc from 'fast-check';
import { hashOf, lengthOf, storable } from './audit-text.js';

describe('lengthOf', () => {
  it('counts code points as iterating the string does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(lengthOf(text)).toBe(Array.from(text).length);
      }),
    );
  });

  it('counts a lone surrogate as one', () => {
    expect([lengthOf('\ud800'), lengthOf('\udc00a'), lengthOf('\ud83d\ud83d\ude00')]).toEqual([1, 2, 2]);
  });
});

describe('storable', () => {
  it('leaves alone what Postgres can keep', () => {
    expect(storable('Grüße, 世界, 😀\n\t')).toBe('Grüße, 世界, 😀\n\t');
  });

  it('depicts what it cannot', () => {
    expect(storable('a\0b\ud800c')).toBe('a\u2400b\ufffdc');
  });
});

describe('hashOf', () => {
  it('is the SHA-256 of the UTF-8 bytes', () => {
    expect(hashOf('äöü')).toBe('bc329dbfa029f66476cb633afcd3136c65c840d0003ef6479583c09e64e2c33e');
  });
});
