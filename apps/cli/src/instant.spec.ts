import { parseDeadline, parseExpiry, parseInstant } from './instant.js';

describe('an instant on the command line', () => {
  const nowMs = Date.parse('2026-11-20T10:00:00Z');

  it.each([
    ['30s', '2026-11-20T09:59:30.000Z'],
    ['15m', '2026-11-20T09:45:00.000Z'],
    ['2h ago', '2026-11-20T08:00:00.000Z'],
    ['7d ago', '2026-11-13T10:00:00.000Z'],
    ['2026-11-01', '2026-11-01T00:00:00.000Z'],
    ['2026-11-01T12:30', '2026-11-01T12:30:00.000Z'],
    ['2026-11-01T12:30:15.250', '2026-11-01T12:30:15.250Z'],
    ['2026-11-01T12:30:15Z', '2026-11-01T12:30:15.000Z'],
    ['2026-11-01T12:30:15+02:00', '2026-11-01T10:30:15.000Z'],
  ])('may be %s', (written, instant) => {
    expect(parseInstant(written, nowMs).toISOString()).toBe(instant);
  });

  it.each([
    '',
    'yesterday',
    '2h later',
    '2026-13-01',
    '2026-02-30',
    '2026-11-31T12:30:00+02:00',
    '2026-11-01 12:30',
    '1e3s',
    '20261101',
  ])('may not be "%s"', (written) => {
    expect(() => parseInstant(written, nowMs)).toThrow('An instant is written 15m, 2h');
  });
});

describe('a deadline on the command line', () => {
  const nowMs = Date.parse('2026-11-20T10:00:00Z');

  it.each([
    ['30m', '2026-11-20T10:30:00.000Z'],
    ['1d', '2026-11-21T10:00:00.000Z'],
    ['2026-11-20T12:30', '2026-11-20T12:30:00.000Z'],
  ])('may be %s', (written, instant) => {
    expect(parseDeadline(written, nowMs).toISOString()).toBe(instant);
  });

  it('may not be "later"', () => {
    expect(() => parseDeadline('later', nowMs)).toThrow('An instant is written');
  });
});

describe('an expiry on the command line', () => {
  const nowMs = Date.parse('2026-11-20T10:00:00Z');

  it.each([
    ['90d', '2027-02-18T10:00:00.000Z'],
    ['2026-11-20T13:30+02:00', '2026-11-20T11:30:00.000Z'],
  ])('may be %s', (written, instant) => {
    expect(parseExpiry(written, nowMs).toISOString()).toBe(instant);
  });

  it.each(['2026-11-20', '7d ago', '0m'])('may not be "%s", which is over', (written) => {
    expect(() => parseExpiry(written, nowMs)).toThrow('is over.');
  });
});
