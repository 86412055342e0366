import { MARKS, PolarityMarks } from './polarity-marks.js';
import { Tokenizer } from './tokenizer.js';

const tokenizer = new Tokenizer(
  { unescape: true, links: true, mentions: true, digits: false, squeeze: true, moods: true },
  true,
);
const marks = new PolarityMarks();

function read(text: string): string[] {
  marks.read(tokenizer, tokenizer.read(text));
  return marks.found.map((mark) => MARKS[mark] ?? '');
}

describe('PolarityMarks', () => {
  it.each([
    ['nothing polar', 'the train leaves at nine', ['balance 0']],
    ['an empty text', '', ['balance 0']],
    ['a good word', 'What a LOVELY day', ['positive 1', 'balance 1', 'last positive']],
    ['a hashtag', '#awful', ['negative 1', 'balance -1', 'last negative']],
    ['both kinds', 'great start, terrible end', ['positive 1', 'negative 1', 'balance 0', 'last negative']],
    ['a negation', 'not a good day', ['negative 1', 'balance -1', 'last negative']],
    ['an apostrophe of any shape', 'it isn’t bad', ['positive 1', 'balance 1', 'last positive']],
    ['a negation out of reach', 'not that it matters much, good', ['positive 1', 'balance 1', 'last positive']],
    ['a negation too far away', 'not one two three four good', ['positive 1', 'balance 1', 'last positive']],
    ['a negation just near enough', 'not one two three good', ['negative 1', 'balance -1', 'last negative']],
    ['a clause between', 'no! good', ['positive 1', 'balance 1', 'last positive']],
    ['an emoji', 'monday 😭', ['negative 1', 'balance -1', 'last negative']],
  ])('marks %s', (_, text, expected) => expect(read(text)).toEqual(expected));

  it('counts to four, and balances to three', () => {
    expect(read('good '.repeat(9))).toEqual([
      'positive 1',
      'positive 2',
      'positive 3',
      'positive 4',
      'balance 3',
      'last positive',
    ]);
  });
});
