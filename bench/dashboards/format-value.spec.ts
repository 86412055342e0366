import { formatValue } from './format-value.js';

describe('formatValue', () => {
  it.each([
    [0.0123, 's', '12.3 ms'],
    [90, 's', '1.5 min'],
    [0, 's', '0 s'],
    [0.00004, 's', '40 µs'],
    [268_435_456, 'bytes', '256 MiB'],
    [0.0512, 'percentunit', '5.12 %'],
    [1234.5, 'reqps', '1235 req/s'],
    [25_000, 'ops', '25 K ops/s'],
    [Number.NaN, 's', '–'],
    [-0.5, 'none', '-0.5'],
  ])('writes %p %s as %s', (value, unit, written) => {
    expect(formatValue(value, unit)).toBe(written);
  });
});
