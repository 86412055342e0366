import type { TextClassification } from '@app/inference';
import { isSaid, readSaid, saidJson, writeSaid } from './said.js';

const classification: TextClassification = {
  model: 'mood',
  version: '3',
  prediction: 'so, so "good"',
  confidence: 0.75000049,
  labels: ['so, so "good"', 'bad'],
  probabilities: Float32Array.of(0.75, 0.25),
  inferenceTimeMs: 1.25,
};

describe('what a model has said', () => {
  it('is JSON of the members that are the same for whoever asks', () => {
    expect(JSON.parse(saidJson(classification))).toEqual({
      prediction: 'so, so "good"',
      confidence: 0.75,
      probabilities: { 'so, so "good"': 0.75, bad: 0.25 },
      model: 'mood',
      model_version: '3',
    });
  });

  it('is kept with the time that it took', () => {
    expect(readSaid(writeSaid(classification))).toEqual({ said: saidJson(classification), inferenceTimeMs: 1.25 });
  });

  it('is told from all that was not written here', () => {
    const written = writeSaid(classification);
    const more = (members: string): string => `${written.slice(0, -1)},${members}}`;
    expect(isSaid(written)).toBe(true);
    const others = [
      '',
      saidJson(classification),
      '1.25 ',
      '1.25 null',
      '1.25 {}',
      `x ${saidJson(classification)}`,
      `${written}\n`,
      written.slice(0, -1),
      written.replace(':{', ': {'),
      written.replace('0.75', '"0.75"'),
      more('"tenant":"forged"'),
      more('"model":"mood"'),
    ];
    expect(others.filter(isSaid)).toEqual([]);
  });
});
