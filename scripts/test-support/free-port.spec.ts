import { once } from 'node:events';
import { createServer } from 'node:net';
import { firstPortOf, freePort } from './free-port.js';

describe('freePort', () => {
  it('gives another port with each call, none of them ephemeral', async () => {
    const ports = [await freePort(), await freePort(), await freePort()];
    expect(new Set(ports).size).toBe(3);
    for (const port of ports) expect(port).toBeLessThan(32_768);
  });

  it('has ports of its own in each process of Jest, on a machine of 48 cores', () => {
    const firsts = Array.from({ length: 48 }, (_, index) => firstPortOf(index + 1)).toSorted((a, b) => a - b);
    for (const [index, first] of firsts.slice(1).entries()) expect(first - firsts[index]!).toBe(250);
    expect(firsts.at(-1)! + 250).toBeLessThan(32_768);
  });

  it('leaves out a port that is taken', async () => {
    const taken = (await freePort()) + 1;
    const server = createServer().listen(taken, '127.0.0.1');
    await once(server, 'listening').catch(() => undefined); // somebody else has it: taken all the same
    expect(await freePort()).not.toBe(taken);
    server.close();
  });
});
