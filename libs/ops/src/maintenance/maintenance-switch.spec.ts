import { parseSwitch } from './maintenance-switch.js';

describe('parseSwitch', () => {
  it('reads a switch up to the last instant there is', () => {
    const value = { on: true, sinceMs: 1, untilMs: 8.64e15 };
    expect(parseSwitch(JSON.stringify(value))).toEqual(value);
  });

  it.each([
    { on: true, sinceMs: 1, untilMs: 1e20 },
    { on: true, sinceMs: -1e20 },
    { on: true, sinceMs: 8.64e15 + 1 },
  ])('refuses a time that no date can show: %p', (value) => {
    expect(() => parseSwitch(JSON.stringify(value))).toThrow(/too_(big|small)/);
  });
});
