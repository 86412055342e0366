import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { freePort } from '../../../../scripts/test-support/free-port.js';
import { eventually } from '../../../../scripts/test-support/until.js';
import { startWithClient, stop, type Running } from '../support/running.js';

describe('what HEALTH_CHECK_URLS names', () => {
  let remote: Server;
  let running: Running;

  beforeAll(async () => {
    remote = createServer(({ url }, response) => response.writeHead(url === '/well' ? 200 : 503).end());
    await once(remote.listen(0, '127.0.0.1'), 'listening');
    const host = `127.0.0.1:${(remote.address() as AddressInfo).port}`;
    running = await startWithClient({
      HEALTH_CHECK_URLS: `well=http://${host}/well,ill=http://${host}/ill,open=tcp://${host},shut=tcp://127.0.0.1:${await freePort()}`,
    });
  });
  afterAll(async () => {
    await stop(running);
    remote.close();
  });

  it('is looked at by /_health/ready, and what is down degrades the server without making it unready', async () => {
    await eventually(async () => {
      const { status, json } = await running.client.get('/_health/ready');
      const checks = json['checks'] as { name: string; status: string }[];
      const found = checks.map(({ name, status: each }) => `${name} ${each}`);
      expect(found).toEqual(
        expect.arrayContaining(['well healthy', 'ill unhealthy', 'open healthy', 'shut unhealthy']),
      );
      expect([status, json['status']]).toEqual([200, 'degraded']);
    });
    expect((await running.client.get('/readyz')).json).toMatchObject({ ready: true });
  });

  it('is a check of its own, with what it answered', async () => {
    const { status, json } = await running.client.get('/_health/checks/ill');
    expect([status, json['message']]).toEqual([503, 'It answered 503.']);
  });
});
