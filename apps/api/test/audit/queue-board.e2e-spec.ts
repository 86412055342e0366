import { request } from 'node:http';
import { until } from '../../../../scripts/test-support/until.js';
import { plantCluster } from '../../../../libs/audit-log/test-support/planted-cluster.js';
import { makeDataDir } from '../../../../libs/audit-log/test-support/data-dir.js';
import { startWithClient, stop, type Running } from '../support/running.js';

jest.setTimeout(60_000); // servers start, on a machine that may be busy

interface Page {
  status: number;
  type: string;
  body: string;
}

describe('/admin/queues', () => {
  let running: Running;
  const dataDir = makeDataDir();

  beforeAll(async () => {
    await plantCluster(dataDir);
    running = await startWithClient({ AUDIT_DURABILITY: 'process', AUDIT_STORE_TEXT: 'true', DATA_DIR: dataDir });
    await running.client.infer({ text: 'a secret nobody should read on a page' });
    await until(async () => (await get('/admin/queues')).status !== 503, { pollMs: 100 });
  }, 60_000);
  afterAll(() => stop(running));

  function get(path: string, headers: Record<string, string> = {}): Promise<Page> {
    return new Promise((resolve, reject) => {
      const call = request({ port: running.falcon.port, host: '127.0.0.1', path, headers }, (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, type: answer.headers['content-type'] ?? '', body }),
        );
      });
      call.on('error', reject).end();
    });
  }

  it('is a page with its script and style', async () => {
    const page = await get('/admin/queues');
    expect(page).toMatchObject({ status: 200, type: 'text/html; charset=utf-8' });
    const parts = [...page.body.matchAll(/(?:src|href)="(static\/[^"]+)"/g)].map(([, part = '']) => part);
    expect(parts.length).toBeGreaterThan(1);
    for (const part of parts) expect((await get(`/admin/queues/${part}`)).status).toBe(200);
  });

  it('shows the queue and its jobs, but not what is in the records', async () => {
    const { status, body } = await get('/admin/queues/api/queues?activeQueue=falcon-audit&status=latest');
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ queues: [{ name: 'falcon-audit', readOnlyMode: true }] });
    expect(body).not.toContain('secret');
  });

  it('lets nobody change the queue', async () => {
    for (const action of ['pause', 'empty', 'clean/completed', 'obliterate', 'retry/failed']) {
      const { status, json } = await running.client.send('PUT', `/admin/queues/api/queues/falcon-audit/${action}`);
      expect([status, json['code']]).toEqual([404, 'ROUTE_NOT_FOUND']);
    }
  });

  it.each(['nonesuch', 'api/queues/nonesuch/1', 'api/queues?page=nonesuch'])(
    'has no part %s, and says so',
    async (part) => {
      const { status, json } = await running.client.get(`/admin/queues/${part}`);
      expect([status, json['code']]).toEqual([404, 'ROUTE_NOT_FOUND']);
    },
  );

  it.each([
    ['a proxy', { 'X-Forwarded-For': '10.0.0.7' }],
    ['a name that was rebound to this machine', { Host: 'evil.example' }],
    ['a page of another origin', { Origin: 'https://evil.example' }],
  ])('is closed to %s', async (_, headers) => {
    const { status, body } = await get('/admin/queues', headers);
    expect([status, (JSON.parse(body) as { code: string }).code]).toEqual([403, 'FORBIDDEN']);
  });

  it('says so when there is no audit log', async () => {
    const off = await startWithClient();
    const answer = await off.client.get('/admin/queues');
    expect([answer.status, answer.json['code']]).toEqual([503, 'QUEUE_UNAVAILABLE']);
    await stop(off);
  });
});
