import fc from 'fast-check';
import { likeliest } from './probabilities.js';

const labelsOf = (count: number): string[] => Array.from({ length: count }, (_, index) => `label-${index}`);

describe('likeliest', () => {
  it('gives up to ten labels all, in the order of the model', () => {
    expect(likeliest(['b', 'a', 'c'], Float32Array.of(0.25, 0.5, 0.25))).toEqual({ b: 0.25, a: 0.5, c: 0.25 });
    expect(Object.keys(likeliest(['b', 'a', 'c'], Float32Array.of(0.25, 0.5, 0.25)))).toEqual(['b', 'a', 'c']);
  });

  it('gives six digits', () => {
    expect(likeliest(['a', 'b'], Float32Array.of(0.123456789, 0.876543211))).toEqual({ a: 0.123457, b: 0.876543 });
  });

  it('gives the ten likeliest of more, likeliest first', () => {
    const probability = fc.integer({ min: 0, max: 1000 }).map((value) => value / 1000);
    fc.assert(
      fc.property(fc.array(probability, { minLength: 11, maxLength: 200 }), (values) => {
        const given = Object.values(likeliest(labelsOf(values.length), Float32Array.from(values)));
        expect(given).toEqual(values.toSorted((a, b) => b - a).slice(0, 10));
      }),
    );
  });
});
