import fc from 'fast-check';
import { idempotencyKey } from './idempotency-key.js';

describe('idempotencyKey', () => {
  it('is absent without a header', () => {
    expect(idempotencyKey({ 'content-type': 'application/json' })).toEqual({ state: 'absent' });
  });

  it.each([
    ['bare', 'order-12', 'order-12'],
    ['bare with spaces and commas inside', 'order 12, again', 'order 12, again'],
    ['quoted', '"order-12"', 'order-12'],
    ['quoted with escapes', '"a \\"b\\" \\\\ c"', 'a "b" \\ c'],
    ['quoted with parameters', '"order-12"; retry=2;x="y;z"', 'order-12'],
    ['as long as it may be', 'k'.repeat(255), 'k'.repeat(255)],
    ['as long as it may be, quoted', `"${'k'.repeat(255)}"`, 'k'.repeat(255)],
  ])('may be %s', (_, value, key) => {
    expect(idempotencyKey({ 'idempotency-key': value })).toEqual({ state: 'given', key });
    expect(idempotencyKey({ 'x-idempotency-key': value })).toEqual({ state: 'given', key });
  });

  it.each([
    ['empty', ''],
    ['blank', '   '],
    ['an empty string', '""'],
    ['too long', 'k'.repeat(256)],
    ['too long within quotes', `"${'k'.repeat(256)}"`],
    ['without its closing quote', '"order-12'],
    ['followed by something else', '"order-12" again'],
    ['two strings', '"one", "two"'],
    ['not ASCII', 'schlüssel'],
    ['not ASCII within quotes', '"schlüssel"'],
    ['with a control character', 'a\tb'],
    ['with an escape of nothing', '"a\\b"'],
  ])('is malformed when %s', (_, value) => {
    expect(idempotencyKey({ 'idempotency-key': value })).toEqual({
      state: 'malformed',
      header: 'idempotency-key',
      expected: 'must be 1 to 255 printable ASCII characters, bare or as a quoted string',
    });
  });

  it('may come under both names, if they agree', () => {
    expect(idempotencyKey({ 'x-idempotency-key': 'a', 'idempotency-key': '"a"' })).toEqual({
      state: 'given',
      key: 'a',
    });
    expect(idempotencyKey({ 'x-idempotency-key': 'a', 'idempotency-key': 'b' })).toEqual({
      state: 'malformed',
      header: 'idempotency-key',
      expected: 'must be the same as x-idempotency-key',
    });
  });

  it('reads back any key that was quoted as the standard says', () => {
    const printable = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 255 });
    fc.assert(
      fc.property(printable, (key) => {
        const quoted = `"${key.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
        expect(idempotencyKey({ 'idempotency-key': quoted })).toEqual({ state: 'given', key });
      }),
    );
  });

  it('answers any value quickly', () => {
    const hostile = [
      `"${'\\"'.repeat(8000)}`,
      `"a"${';a="'.repeat(4001)}`,
      `"a"${' ;'.repeat(8000)}`,
      `"a"${';a'.repeat(8000)}!`,
    ];
    const startMs = performance.now();
    hostile.forEach((value) => expect(idempotencyKey({ 'idempotency-key': value }).state).toBe('malformed'));
    expect(performance.now() - startMs).toBeLessThan(2000);
  });
});
