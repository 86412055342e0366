import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { temporaryFolder } from '../test-support/temporary-folder.js';
import { drillOf } from './catalogue.js';
import { composeFiles } from './compose-stack.js';
import type { Drill } from './drill.js';
import { watchFault } from './inject.js';
import { interruptible } from './interruptible.js';
import { runDrill } from './run-drill.js';
import { RunbookPage } from './runbook-page.js';
import type { ActiveAlert, Stack } from './stack.js';

const REMEDY = 'svc start worker-2';
const page = new RunbookPage(`## Fault\n\n\`\`\`bash drill=fault\n${REMEDY}\n\`\`\`\n`);

/** A stack that notes what is done to it. */
class NotedStack implements Stack {
  readonly done: string[] = [];
  readonly factor = 1;
  isOwn = false;
  failsAt = '';
  onAlerts = (): void => undefined;

  constructor(private readonly port: number) {}

  get load() {
    return { url: `http://127.0.0.1:${this.port}` };
  }

  private async note(what: string): Promise<void> {
    this.done.push(what);
    if (this.failsAt !== '' && what.includes(this.failsAt)) throw new Error(`${what} fails`);
  }

  control(verb: string, part: string, settings?: Record<string, string>): Promise<void> {
    return this.note([verb, part, ...Object.keys(settings ?? {})].join(' '));
  }
  throttle(): Promise<void> {
    return Promise.resolve();
  }
  sql(): Promise<string> {
    return Promise.resolve('');
  }
  async alerts(): Promise<ActiveAlert[]> {
    this.onAlerts();
    return [];
  }
  async shell(commands: string) {
    await this.note(commands);
    return { code: 0, stdout: '', output: '' };
  }
  must(commands: string): Promise<void> {
    return this.note(commands);
  }
  newKey(): Promise<string> {
    return Promise.resolve('');
  }
  unrecorded(): Promise<string> {
    return Promise.resolve('');
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

describe('a drill that does not come to its end', () => {
  let server: Server;
  let stack: NotedStack;
  let interrupted: AbortController;

  beforeAll(async () => {
    server = createServer((_, response) => response.end('{"mode":"fresh"}'));
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  beforeEach(() => {
    stack = new NotedStack((server.address() as AddressInfo).port);
    interrupted = new AbortController();
  });
  afterAll(() => server.close());

  const options = () => ({ page, say: () => undefined, signal: interrupted.signal });
  /** A fault with a harm that goes on. */
  const drillThat = (then: () => void): Drill => ({
    name: 'fault',
    fault: 'a fault',
    section: 'fault',
    alert: 'Alert',
    async inject(it) {
      await it.control('kill', 'worker-2');
      then();
      return { stop: () => it.control('unpause', 'worker-2') };
    },
  });
  const interrupt = () => interrupted.abort(new Error('interrupted'));
  const MENDED = ['kill worker-2', REMEDY, 'unpause worker-2'];

  it('is mended when a fault that is watched is interrupted', async () => {
    await expect(watchFault(drillThat(interrupt), stack, options(), 60)).rejects.toThrow('interrupted');
    expect(stack.done).toEqual(MENDED);
  });

  it('is mended when its fault fails half-way', async () => {
    stack.failsAt = 'kill';
    await expect(watchFault(drillThat(interrupt), stack, options(), 60)).rejects.toThrow('kill worker-2 fails');
    expect(stack.done).toEqual(['kill worker-2', REMEDY]);
  });

  it('is mended when it is interrupted while its alert is waited for', async () => {
    stack.onAlerts = () => stack.done.length > 0 && interrupt();
    await expect(
      runDrill(
        drillThat(() => undefined),
        stack,
        options(),
      ),
    ).rejects.toThrow('interrupted');
    expect(stack.done).toEqual(MENDED);
  });

  it('leaves the fault in a stack of its own, which Ctrl-C ends', async () => {
    stack.isOwn = true;
    stack.onAlerts = () => stack.done.length > 0 && interrupt();
    const drill = drillThat(() => undefined);
    await expect(runDrill(drill, stack, options())).rejects.toThrow('interrupted');
    await expect(watchFault(drillThat(interrupt), stack, options(), 60)).rejects.toThrow('interrupted');
    expect(stack.done).not.toContain(REMEDY);
  });

  it('ends its harm although the remedy fails', async () => {
    stack.failsAt = REMEDY;
    await expect(runDrill(drillThat(interrupt), stack, options())).rejects.toThrow(`${REMEDY} fails`);
    expect(stack.done).toEqual(MENDED);
  });

  it.each(['spool-filling', 'dropped-logs'])('gives worker-2 its spool back when %s cannot fill it', async (name) => {
    stack.failsAt = '/infer/batch';
    await expect(drillOf(name).inject(stack)).rejects.toThrow('fails');
    expect(stack.done.filter((what) => what.startsWith('restart'))).toEqual([
      'restart worker-2 AUDIT_SPOOL_MAX_BYTES RATE_LIMIT_ENABLED',
      'restart worker-2',
    ]);
  });
});

describe('interruptible', () => {
  it('waits until what is interrupted has ended in its own way', async () => {
    const events: string[] = [];
    const ended = interruptible(async (signal) => {
      await once(signal, 'abort');
      events.push('mended');
      signal.throwIfAborted();
    });
    process.emit('SIGINT');
    await expect(ended).rejects.toThrow('interrupted');
    expect([...events, process.listenerCount('SIGINT')]).toEqual(['mended', 0]);
  });
});

describe('composeFiles', () => {
  it('has an operator’s own changes, where there are any', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'docker-compose.yml'), '');
    expect(composeFiles(folder)).toEqual(['docker-compose.yml']);
    writeFileSync(join(folder, 'docker-compose.override.yml'), '');
    expect(composeFiles(folder)).toEqual(['docker-compose.yml', 'docker-compose.override.yml']);
  });
});
