import { fingerprint } from './fingerprint.js';

describe('fingerprint', () => {
  it('does not mind the order of members', () => {
    expect(fingerprint({ text: 'a', model: 'm', more: [{ x: 1, y: 2 }] })).toBe(
      fingerprint({ model: 'm', more: [{ y: 2, x: 1 }], text: 'a' }),
    );
  });

  it.each([
    [{ text: 'a' }, { text: 'b' }],
    [{ text: 'a' }, { text: 'a', model: 'm' }],
    [{ texts: ['a', 'b'] }, { texts: ['b', 'a'] }],
    [{ n: 1 }, { n: '1' }],
    [null, {}],
    [undefined, null],
  ])('tells %j from %j', (one, other) => {
    expect(fingerprint(one)).not.toBe(fingerprint(other));
  });
});
