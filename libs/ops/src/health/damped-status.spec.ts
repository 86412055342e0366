import { DampedStatus, type Finding } from './damped-status.js';

/** H healthy, D degraded, U unhealthy, ? unknown. */
const FINDINGS: Record<string, Finding> = { H: 'healthy', D: 'degraded', U: 'unhealthy' };

function statuses(findings: string, failures: number, successes: number): string {
  const damped = new DampedStatus(failures, successes);
  return findings
    .split('')
    .map((letter) => {
      damped.update(FINDINGS[letter]!);
      return damped.status.charAt(0).toUpperCase();
    })
    .join('');
}

describe('DampedStatus', () => {
  it('is unknown before the first answer, which counts at once', () => {
    expect(new DampedStatus(3, 2).status).toBe('unknown');
    expect([statuses('U', 3, 2), statuses('H', 3, 2)]).toEqual(['U', 'H']);
  });

  it('takes some failures in a row to be unhealthy, and some successes to be well again', () => {
    expect(statuses('HUUUUHHH', 3, 2)).toBe('HHHUUUHH');
  });

  it('does not flap: an answer in between begins the count anew', () => {
    expect(statuses('HUUHUUHUUH', 3, 2)).toBe('HHHHHHHHHH');
    expect(statuses('UHUHUHU', 3, 2)).toBe('UUUUUUU');
  });

  it('passes on what is only degraded at once', () => {
    expect(statuses('HDHD', 3, 2)).toBe('HDHD');
    expect(statuses('UDD', 3, 2)).toBe('UUD');
  });

  it('says whether the status has changed', () => {
    const damped = new DampedStatus(2, 1);
    const changes = ['H', 'H', 'U', 'U', 'U', 'H'].map((letter) => damped.update(FINDINGS[letter]!));
    expect(changes).toEqual([true, false, false, true, false, true]);
  });
});
