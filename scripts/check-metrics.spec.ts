import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { run } from './test-support/run.js';

const KEY = 'a-key-of-operators';
const METRICS = '# HELP dropped_logs_total Records.\n# TYPE dropped_logs_total counter\ndropped_logs_total 0\n';

describe('scripts/check-metrics.sh', () => {
  let server: Server;
  let url: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      response.writeHead(request.headers['x-api-key'] === KEY ? 200 : 401).end(METRICS);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  function checkMetrics(env: NodeJS.ProcessEnv = {}) {
    return run([join(__dirname, 'check-metrics.sh'), url], { env: { PATH: process.env['PATH'], ...env } });
  }

  it('shows the key of operators to a server that asks for one', async () => {
    expect(await checkMetrics({ ADMIN_API_KEY: KEY })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('dropped_logs_total 0'),
    });
  });

  it('says where to look when the metrics cannot be read', async () => {
    expect(await checkMetrics()).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('make check-health says more'),
    });
  });
});
