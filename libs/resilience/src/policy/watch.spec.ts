import { MessageChannel } from 'node:worker_threads';
import { setTimeout as sleep } from 'node:timers/promises';
import { Watch, type Watched } from './watch.js';

const DUE_MS = 20;

describe('Watch', () => {
  const watched = (watch: Watch, ended: string[]): Watched => {
    const item: Watched = {
      dueMs: performance.now() + DUE_MS,
      signal: undefined,
      lapse: (cause) => void ended.push(cause),
    };
    watch.add(item);
    return item;
  };

  it('ends what waits for too long', async () => {
    const ended: string[] = [];
    watched(new Watch(), ended);
    await sleep(DUE_MS + 100);
    expect(ended).toEqual(['time']);
  });

  it('does not blame others for a pause of this process: what came meanwhile is taken first', async () => {
    const watch = new Watch();
    const ended: string[] = [];
    const item = watched(watch, ended);
    // Comes in with the sockets, after the timers of the same turn, as an answer does that arrived during the pause.
    const { port1, port2 } = new MessageChannel();
    port1.on('message', () => {
      watch.remove(item);
      ended.push('answered');
      port1.close();
    });
    setImmediate(() => {
      port2.postMessage('answer');
      for (const endMs = performance.now() + 3 * DUE_MS; performance.now() < endMs;);
    });
    await sleep(50);
    expect(ended).toEqual(['answered']);
  });
});
