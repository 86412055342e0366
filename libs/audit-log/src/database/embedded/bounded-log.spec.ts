import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../../../../scripts/test-support/temporary-folder.js';
import { boundLog, readLogFrom, sizeOf } from './bounded-log.js';

describe('the log of the embedded Postgres', () => {
  const folder = temporaryFolder();
  const log = join(folder, 'postgres.log');

  it('is left alone below its bound', () => {
    boundLog(log, 10); // there is none yet
    appendFileSync(log, '0123456789');
    boundLog(log, 10);
    expect(readFileSync(log, 'utf8')).toBe('0123456789');
    expect(existsSync(`${log}.1`)).toBe(false);
  });

  it('begins anew above it, with what it was kept beside it', () => {
    appendFileSync(log, 'more');
    boundLog(log, 10);
    expect([sizeOf(log), readFileSync(`${log}.1`, 'utf8')]).toEqual([0, '0123456789more']);
  });

  it('is cut without being kept where there is no room to keep it', () => {
    rmSync(`${log}.1`);
    mkdirSync(`${log}.1`); // which no copy can replace
    appendFileSync(log, '0123456789more');
    boundLog(log, 10);
    expect(sizeOf(log)).toBe(0);
    rmSync(`${log}.1`, { recursive: true });
  });

  it('is read from where a start began', () => {
    appendFileSync(log, 'earlier\n');
    const offset = sizeOf(log);
    expect(readLogFrom(log, offset)).toBe('');
    appendFileSync(log, 'FATAL:  now\n');
    expect(readLogFrom(log, offset)).toBe('FATAL:  now\n');
  });

  it('is read to its end when it is long', () => {
    const offset = sizeOf(log);
    appendFileSync(log, `${'line\n'.repeat(10_000)}the end`);
    expect(readLogFrom(log, offset)).toMatch(/the end$/);
    expect(readLogFrom(log, offset).length).toBeLessThan(20_000);
  });
});
