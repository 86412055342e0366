import { PROFILES, stretched, totalSeconds, usersAt } from './profile.js';

describe('the profiles of load tests', () => {
  it.each([
    ['baseline', 300, 50],
    ['stress', 600, 500],
    ['spike', 300, 300],
    ['soak', 600, 100],
  ])('%s takes %d s and has %d users at most', (name, seconds, most) => {
    const { stages } = PROFILES[name]!;
    expect(totalSeconds(stages)).toBe(seconds);
    const users = Array.from({ length: seconds }, (_, second) => usersAt(stages, second));
    expect(Math.max(...users)).toBe(most);
  });

  it('ramp evenly, hold, and end', () => {
    const stages = [
      { seconds: 10, users: 10 },
      { seconds: 10, users: 110, isRamp: true },
      { seconds: 10, users: 110 },
    ];
    expect([0, 9, 10, 15, 19.9, 25, 30, 99].map((second) => usersAt(stages, second))).toEqual([
      10, 10, 10, 60, 109, 110, 0, 0,
    ]);
  });

  it('are the same in another time', () => {
    const { stages } = PROFILES['spike']!;
    const short = stretched(stages, 30);
    expect(totalSeconds(short)).toBeCloseTo(30);
    expect(usersAt(short, 15)).toBe(usersAt(stages, 150));
  });
});
