import { Random } from './random.js';
import { dequantise, quantise, scaleQuantised } from './quantise.js';

const random = new Random(3);
const weights = Float32Array.from({ length: 1000 }, () => random.normal());

describe('quantise', () => {
  it.each([
    ['uint8', 255],
    ['uint16', 65_535],
  ] as const)('is never further off than half a step, as %s', (dtype, steps) => {
    const quantised = quantise(weights, dtype);
    const step = (Math.max(...weights) - Math.min(...weights)) / steps;
    const back = dequantise(quantised);
    for (let k = 0; k < weights.length; k++)
      expect(Math.abs(back[k]! - weights[k]!)).toBeLessThanOrEqual(0.5001 * step);
    expect(Math.min(...quantised.codes)).toBe(0);
    expect(Math.max(...quantised.codes)).toBe(steps);
  });

  it('keeps weights that are all alike', () => {
    expect([...dequantise(quantise(Float32Array.of(0.5, 0.5), 'uint8'))]).toEqual([0.5, 0.5]);
  });

  it('scales without touching the codes', () => {
    const quantised = quantise(weights, 'uint8');
    const scaled = scaleQuantised(quantised, 2);
    expect(scaled.codes).toBe(quantised.codes);
    expect(dequantise(scaled)).toEqual(dequantise(quantised).map((weight) => 2 * weight));
  });
});
