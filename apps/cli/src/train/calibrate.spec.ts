import { chooseThreshold, fitTemperature } from './calibrate.js';

describe('fitTemperature', () => {
  it('finds the temperature that turns logits into the shares that are right', () => {
    // Logits of ln 9 claim 90 %, and 3 of 4 are right: ln 9 / T = ln 3, so T = 2.
    const logits = Array.from({ length: 4 }, () => Float64Array.of(Math.log(9), 0));
    expect(fitTemperature(logits, [0, 0, 0, 1])).toBeCloseTo(2, 4);
  });

  it('makes a model surer that is too modest', () => {
    const logits = Array.from({ length: 10 }, () => Float64Array.of(Math.log(1.5), 0));
    expect(fitTemperature(logits, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1])).toBeCloseTo(Math.log(1.5) / Math.log(9), 4);
  });
});

describe('chooseThreshold', () => {
  const right = [0.9, 0.2, 0.5, 0.3, 0.8];

  it('refuses as many right rows as the loss allows, and no more', () => {
    expect(chooseThreshold(right, 10, 0.2)).toBe(0.5);
    expect(chooseThreshold(right, 10, 0.29)).toBe(0.5);
    expect(chooseThreshold(right, 10, 0.3)).toBe(0.8);
  });

  it('refuses none when nothing may be lost', () => {
    expect(chooseThreshold(right, 10, 0)).toBe(0.2);
    expect(chooseThreshold([], 10, 0.5)).toBe(0);
  });

  it('is rounded so that the row it stands on is kept', () => {
    expect(chooseThreshold([0.123456], 1, 0)).toBe(0.1234);
  });
});
