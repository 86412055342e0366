import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Spool } from '../src/spool/spool.js';
import { recordingLog } from './recording-log.js';
import { recordingObserver } from './recording-observer.js';

const CALLERS = 64;

/** Appends records without end; each that is safe is told in the file that is stdout, by its number, before the next is begun. */
async function main(root: string, name: string, sync: boolean): Promise<void> {
  const options = { root, name, sync, maxBytes: 2 ** 30, appendTimeoutMs: 10_000 };
  const spool = await Spool.open(options, recordingLog(), recordingObserver());
  writeSync(process.stdout.fd, `${spool.source.id}\n`);
  let next = 0;
  const call = async (): Promise<void> => {
    for (;;) {
      const number = next++;
      const json = JSON.stringify({ id: number, text: 'ä'.repeat(number % 300) });
      while (await spool.append(json).catch((error: unknown) => error)) await sleep(10); // refused: not on the spool
      writeSync(process.stdout.fd, `${number}\n`);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, call));
}

void main(process.argv[2] as string, process.argv[3] as string, process.argv[4] === 'sync');
