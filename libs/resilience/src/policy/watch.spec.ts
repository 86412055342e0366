import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
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
    while (ended.length === 0) await sleep(DUE_MS);
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
    while (ended.length === 0) await sleep(DUE_MS);
    client.destroy();
    server.close();
    expect(ended).toEqual(['answered']);
  });
});
