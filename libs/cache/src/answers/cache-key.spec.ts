import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { cacheKey, type Question } from './cache-key.js';

const question = { model: 'sentiment', version: '1', text: 'A fine day' };
const keyOf = (asked: Question): string => cacheKey(asked).key;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('cacheKey', () => {
  it('is the same for the same question, and has the form that Redis is searched for', () => {
    expect(keyOf({ ...question })).toBe(keyOf(question));
    expect(keyOf(question)).toBe(`falcon:cache:3:sentiment:1:${sha256('A fine day')}`);
  });

  it.each([
    ['another model', { model: 'intent' }],
    ['another version', { version: '2' }],
    ['another text', { text: 'A fine day!' }],
    ['another case', { text: 'a fine day' }],
  ])('is another one with %s', (_, change) => {
    expect(keyOf({ ...question, ...change })).not.toBe(keyOf(question));
  });

  it('does not mix up the parts of a question', () => {
    expect(keyOf({ ...question, model: 'sent', version: 'iment1' })).not.toBe(
      keyOf({ ...question, model: 'sentiment', version: '1' }),
    );
  });

  it('takes texts for the same that differ in composition or in space around them', () => {
    expect(keyOf({ ...question, text: ' caf\u00e9\r\n' })).toBe(keyOf({ ...question, text: 'cafe\u0301' }));
  });

  it('tells the hash of the text as it came, or none', () => {
    expect(cacheKey(question).textHash).toBe(sha256(question.text));
    const others = [{ text: ' A fine day' }, { text: 'cafe\u0301' }];
    expect(others.map((change) => cacheKey({ ...question, ...change }).textHash)).toEqual(others.map(() => undefined));
  });

  it('tells any two texts apart that are not the same', () => {
    const text = fc.string({ unit: 'binary' }).map((any) => any.normalize('NFC').trim());
    fc.assert(
      fc.property(text, text, (one, other) => {
        expect(keyOf({ ...question, text: one }) === keyOf({ ...question, text: other })).toBe(one === other);
      }),
    );
  });
});
