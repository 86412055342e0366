// A process that records answers and ends without shipping them: `spool-writer.js <data folder> <records>`.
import { join } from 'node:path';
import { AuditLog, AuditMetrics } from '@app/audit-log';
import type { LogWriter } from '@app/resilience';
import { Registry } from 'prom-client';
import { entryOf, textOf } from './audit-entries.js';

/** Records on their way to the disk at the same time. */
const AT_ONCE = 1000;

const write = (message: string) => void process.stderr.write(`${message}\n`);
const log: LogWriter = { info: write, warning: write, error: write };

async function main(dataDir: string, records: number): Promise<void> {
  const auditLog = new AuditLog(
    {
      durability: 'process',
      spoolRoot: join(dataDir, 'spool'),
      spoolMaxBytes: 2 ** 40,
      whenFull: 'refuse',
      appendTimeoutMs: 60_000,
      storeText: false,
      workerId: 'gone',
    },
    log,
    new AuditMetrics(new Registry()),
  );
  await auditLog.open();
  for (let done = 0; done < records; done += AT_ONCE) {
    const length = Math.min(AT_ONCE, records - done);
    const append = (number: number) => auditLog.append(textOf(number), entryOf(number));
    await Promise.all(Array.from({ length }, (_, index) => append(done + index)));
  }
  await auditLog.close();
}

void main(process.argv[2] ?? '', Number(process.argv[3]));
