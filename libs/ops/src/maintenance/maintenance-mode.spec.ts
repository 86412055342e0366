import type { Log, LogFields } from '../logging/log.js';
import { MaintenanceMode } from './maintenance-mode.js';

const MINUTE_MS = 60_000;

type Line = [message: string, fields: LogFields | undefined];

/** A log that is read. */
function readableLog(lines: Line[]): Log {
  const add = (message: string, fields?: LogFields) => void lines.push([message, fields]);
  return { debug: add, info: add, warning: add, error: add, critical: add };
}

describe('MaintenanceMode of a process alone', () => {
  let lines: Line[];
  let log: Log;
  let mode: MaintenanceMode;

  beforeEach(() => {
    jest.useFakeTimers({ now: Date.parse('2026-11-20T10:00:00Z') });
    lines = [];
    log = readableLog(lines);
    mode = new MaintenanceMode({ isOnAtStart: false, log });
  });
  afterEach(() => {
    mode.close();
    jest.useRealTimers();
  });

  const minutesOn = (minutes: number) => Date.now() + minutes * MINUTE_MS;

  it('is off, and says nothing of it', () => {
    expect(mode.retryAfterSeconds()).toBeUndefined();
    expect(lines).toEqual([]);
  });

  it('begins as it is told', () => {
    const told = new MaintenanceMode({ isOnAtStart: true, log });
    expect([told.retryAfterSeconds(), told.isOn('replica'), told.isOn('all')]).toEqual([60, true, false]);
    expect(lines).toMatchObject([['Maintenance mode is on', { scope: 'replica', reason: 'MAINTENANCE_MODE' }]]);
  });

  it('counts down to its end', async () => {
    await mode.set('replica', { on: true, untilMs: minutesOn(2) });
    expect(mode.retryAfterSeconds()).toBe(120);
    jest.advanceTimersByTime(MINUTE_MS + 500);
    expect(mode.retryAfterSeconds()).toBe(60);
    jest.advanceTimersByTime(MINUTE_MS);
    expect([mode.retryAfterSeconds(), mode.isOn('replica')]).toEqual([undefined, false]);
  });

  it('says in the log when it ends, although nobody asks', async () => {
    await mode.start(0);
    await mode.set('replica', { on: true, untilMs: minutesOn(1), reason: 'new disks' });
    await jest.advanceTimersByTimeAsync(MINUTE_MS + 2000);
    expect(lines).toEqual([
      ['Maintenance mode is on', { scope: 'replica', reason: 'new disks', until: '2026-11-20T10:01:00.000Z' }],
      ['Maintenance mode is off', { scope: 'replica' }],
    ]);
  });

  it('says in the log that it takes longer', async () => {
    await mode.set('replica', { on: true, untilMs: minutesOn(1) });
    jest.advanceTimersByTime(1000);
    await mode.set('replica', { on: true, untilMs: minutesOn(5) });
    expect(lines.map(([message]) => message)).toEqual(['Maintenance mode is on', 'Maintenance mode is on']);
    expect(mode.retryAfterSeconds()).toBe(300);
  });

  it('has no switch for all', async () => {
    expect([mode.isShared, mode.isSharedReachable, mode.switchOf('all')]).toEqual([false, false, undefined]);
    await expect(mode.set('all', { on: true })).rejects.toThrow('There is no switch for all replicas.');
    expect(mode.retryAfterSeconds()).toBeUndefined();
  });
});
