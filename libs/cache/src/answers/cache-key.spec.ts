import fc from 'fast-check';
import { cacheKey } from './cache-key.js';

const question = { model: 'sentiment', version: '1', text: 'A fine day' };

describe('cacheKey', () => {
  it('is the same for the same question, and has the form that Redis is searched for', () => {
    expect(cacheKey({ ...question })).toBe(cacheKey(question));
    expect(cacheKey(question)).toMatch(/^falcon:cache:2:[\w-]{43}$/);
  });

  it.each([
    ['another model', { model: 'intent' }],
    ['another version', { version: '2' }],
    ['another text', { text: 'A fine day!' }],
    ['another case', { text: 'a fine day' }],
    ['an option', { options: { top: 3 } }],
    ['a half character', { text: 'A fine day\ud83d' }],
  ])('is another one with %s', (_, change) => {
    expect(cacheKey({ ...question, ...change })).not.toBe(cacheKey(question));
  });

  it('does not mix up the parts of a question', () => {
    expect(cacheKey({ ...question, model: 'sent', version: 'iment1' })).not.toBe(
      cacheKey({ ...question, model: 'sentiment', version: '1' }),
    );
    expect(cacheKey({ ...question, text: '\ud83d' })).not.toBe(cacheKey({ ...question, text: '\ud83e' }));
  });

  it('takes texts for the same that differ in composition or in space around them', () => {
    expect(cacheKey({ ...question, text: ' caf\u00e9\r\n' })).toBe(cacheKey({ ...question, text: 'cafe\u0301' }));
  });

  it('does not mind the order of the options', () => {
    expect(cacheKey({ ...question, options: { a: 1, b: true } })).toBe(
      cacheKey({ ...question, options: { b: true, a: 1 } }),
    );
  });

  it('tells any two texts apart that are not the same', () => {
    const text = fc.string({ unit: 'binary' }).map((any) => any.normalize('NFC').trim());
    fc.assert(
      fc.property(text, text, (one, other) => {
        expect(cacheKey({ ...question, text: one }) === cacheKey({ ...question, text: other })).toBe(one === other);
      }),
    );
  });
});
