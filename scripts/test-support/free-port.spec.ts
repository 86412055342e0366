import { once } from 'node:events';
import { createServer } from 'node:net';
import { freePort } from './free-port.js';

describe('freePort', () => {
  it('gives another port with each call, none of them ephemeral', async () => {
    const ports = [await freePort(), await freePort(), await freePort()];
    expect(new Set(ports).size).toBe(3);
    for (const port of ports) expect(port).toBeLessThan(32_768);
  });

  it('leaves out a port that is taken', async () => {
    const taken = (await freePort()) + 1;
    const server = createServer().listen(taken, '127.0.0.1');
    await once(server, 'listening').catch(() => undefined); // somebody else has it: taken all the same
    expect(await freePort()).not.toBe(taken);
    server.close();
  });
});
