import type { TextClassification } from '@app/inference';
import { answersTo } from './predict.command.js';

const ANSWER = { model: 'mood', version: '1', prediction: 'good', confidence: 1, labels: ['good'] };
const classified = (): TextClassification => ({ ...ANSWER, probabilities: Float32Array.of(1), inferenceTimeMs: 1 });

/** Texts of somebody who is still writing. */
async function* unfinished(...texts: string[]): AsyncGenerator<string> {
  yield* texts;
  await new Promise(() => undefined);
}

describe('answersTo', () => {
  const textOf = (line: unknown) => (JSON.parse(String(line)) as { text: string }).text;

  it('gives an answer before the next text is there', async () => {
    const answers = answersTo(unfinished('one', 'two'), () => Promise.resolve(classified()))[Symbol.asyncIterator]();
    const lines = [await answers.next(), await answers.next()];
    expect(lines.map(({ value }) => textOf(value))).toEqual(['one', 'two']);
  });

  it('gives the answers in the order of the texts, and those before a failure before it', async () => {
    const slow = Promise.withResolvers<TextClassification>();
    const classify = async (text: string) => {
      if (text !== 'wrong') return text === 'slow' ? slow.promise : classified();
      setImmediate(() => slow.resolve(classified()));
      throw new Error('it cannot be classified');
    };
    const lines: string[] = [];
    const reading = async () => {
      for await (const line of answersTo(unfinished('slow', 'quick', 'wrong'), classify)) lines.push(textOf(line));
    };
    await expect(reading()).rejects.toThrow('it cannot be classified');
    expect(lines).toEqual(['slow', 'quick']);
  });
});
