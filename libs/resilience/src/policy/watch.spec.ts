import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { until } from '../../../../scripts/test-support/until.js';
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
    await until(() => ended.length > 0);
    expect(ended).toEqual(['time']);
  });

  it('does not blame others for a pause of this process: what came meanwhile is taken first', async () => {
    const watch = new Watch();
    const ended: string[] = [];
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [peer] = (await once(server, 'connection')) as [Socket];
    client.on('data', () => {
      watch.remove(item);
      ended.push('answered');
    });
    const item = watched(watch, ended);
    setImmediate(() => {
      peer.write('answer'); // lies in the socket when the pause is over
      for (const endMs = performance.now() + 3 * DUE_MS; performance.now() < endMs;);
    });
    await until(() => ended.length > 0);
    client.destroy();
    server.close();
    expect(ended).toEqual(['answered']);
  });

  it('lets go of what is removed, in any order and more than once, and of nothing else', async () => {
    const watch = new Watch();
    const ended: string[] = [];
    const items = Array.from({ length: 6 }, (_, k): Watched => ({
      dueMs: performance.now() + DUE_MS,
      signal: undefined,
      lapse: () => void ended.push(String(k)),
    }));
    items.forEach((item) => watch.add(item));
    [0, 5, 3, 3, 0].forEach((k) => watch.remove(items[k]!));
    watch.remove({ dueMs: 0, signal: undefined, lapse: () => undefined });
    watch.add(items[3]!);
    await until(() => ended.length === 4);
    expect(ended.sort()).toEqual(['1', '2', '3', '4']);
  });

  it('ends what is cancelled, and looks at the rest again and again', async () => {
    const watch = new Watch();
    const ended: string[] = [];
    const caller = new AbortController();
    const item = (name: string, dueMs: number, signal?: AbortSignal): Watched => ({
      dueMs,
      signal,
      lapse: (cause) => void ended.push(`${name} ${cause}`),
    });
    watch.add(item('first', Infinity, caller.signal));
    watch.add(item('second', performance.now() + 2 * DUE_MS));
    caller.abort();
    await until(() => ended.length === 2);
    expect(ended).toEqual(['first cancelled', 'second time']);
  });
});
