import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { end, endWithTheFile } from '../../../scripts/test-support/children.js';
import { temporaryFolder } from '../../../scripts/test-support/temporary-folder.js';
import { until } from '../../../scripts/test-support/until.js';
import { Orphans } from '../src/spool/orphans.js';
import { Spool, type SpoolOptions } from '../src/spool/spool.js';
import type { SpoolSource } from '../src/spool/spool-source.js';
import { recordingLog } from './recording-log.js';
import { recordingObserver } from './recording-observer.js';

const TYPESCRIPT = join(__dirname, '../../../scripts/test-support/register-typescript.cjs');
const LIMITS = { maxRecords: 1000, maxBytes: 512 * 1024 };

/** A spool root of one test file, with whatever uses it. */
export class SpoolRoot {
  readonly path = temporaryFolder();
  readonly log = recordingLog();
  readonly observer = recordingObserver();

  open(options: Partial<SpoolOptions> = {}): Promise<Spool> {
    const all = { root: this.path, name: 'worker-1', sync: false, maxBytes: 2 ** 30, appendTimeoutMs: 10_000 };
    return Spool.open({ ...all, ...options }, this.log, this.observer);
  }

  orphans(): Orphans {
    return new Orphans(this.path, this.log, this.observer);
  }

  /** A process that appends without end (spool-process.ts), once it has begun; its files may be limited, as by `ulimit -f`. */
  async startWriter(durability: 'process' | 'sync' = 'process', maxFileKib?: number): Promise<SpoolWriter> {
    const script = join(__dirname, 'spool-process.ts');
    const output = join(temporaryFolder(), 'output');
    const file = openSync(output, 'w'); // not a pipe: what the process has said must be there when it is killed
    const command = [process.execPath, '--require', TYPESCRIPT, script, this.path, 'child', durability];
    const limit = maxFileKib ? `ulimit -f ${maxFileKib}; ` : '';
    const child = spawn('bash', ['-c', `${limit}exec "$@"`, 'bash', ...command], {
      stdio: ['ignore', file, 'inherit'],
    });
    endWithTheFile(child);
    closeSync(file);
    const writer = new SpoolWriter(child, output);
    await until(() => writer.appended().length > 0);
    return writer;
  }
}

/** A child process that writes a spool, and what it has told. */
export class SpoolWriter {
  constructor(
    readonly child: ChildProcess,
    private readonly output: string,
  ) {}

  get id(): string | undefined {
    return this.said()[0];
  }

  /** Numbers of the records whose append resolved. */
  appended(): number[] {
    return this.said().slice(1).map(Number);
  }

  kill(): Promise<void> {
    return end(this.child, 'SIGKILL');
  }

  private said(): string[] {
    return readFileSync(this.output, 'utf8').split('\n').slice(0, -1); // after the last line end there may be half a line
  }
}

/** Reads a source to its end, and acknowledges what it reads where that is asked for. */
export async function drain(source: SpoolSource, limits = LIMITS, acknowledge = true): Promise<string[]> {
  const rows: string[] = [];
  for (let batch = await source.next(limits); batch; batch = await source.next(limits)) {
    const lines = batch.rows.toString().split('\n');
    expect(lines).toHaveLength(batch.records);
    rows.push(...lines);
    if (acknowledge) await source.acknowledge(batch.end);
  }
  return rows;
}
