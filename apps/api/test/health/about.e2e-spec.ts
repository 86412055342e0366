import { Client } from '../support/client.js';
import { startWithClient, stop, type Running } from '../support/running.js';

describe('the server about itself', () => {
  let running: Running;

  beforeAll(async () => {
    running = await startWithClient({ WORKER_ID: 'worker-3', APP_VERSION: '9.8.7' });
  });
  afterAll(() => stop(running));

  it('is healthy while it can answer', async () => {
    const { status, json } = await running.client.get('/healthz');
    expect(status).toBe(200);
    expect(json).toMatchObject({ status: 'healthy', worker_id: 'worker-3' });
    expect(json['uptime_seconds']).toBeGreaterThan(0);
  });

  it('is ready, without Redis and Postgres, and lists its models', async () => {
    const { status, json } = await running.client.get('/readyz');
    expect(status).toBe(200);
    expect(json).toMatchObject({
      ready: true,
      worker_id: 'worker-3',
      mode: 'embedded',
      checks: { model_loaded: true, redis_available: false, database_available: false },
    });
    expect(json['models']).toContainEqual({ name: 'sentiment', version: '1', state: 'ready', serving: true });
  });

  it('says what it is and where things are', async () => {
    const { json } = await running.client.get('/');
    expect(json).toMatchObject({ name: 'falcon', version: '9.8.7', worker_id: 'worker-3', status: 'running' });
    for (const path of Object.values(json['links'] as Record<string, string>)) {
      expect((await running.client.get(path)).status).not.toBe(404);
    }
  });

  it('does not say what software it runs on', async () => {
    const { headers } = await running.client.get('/');
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['server']));
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['x-powered-by']));
  });

  it('answers HEAD like GET, without the body', async () => {
    const { status, text, headers } = await new Client(running.falcon.port).send('HEAD', '/healthz');
    expect([status, text, headers['content-type']]).toEqual([200, '', 'application/json; charset=utf-8']);
    expect(Number(headers['content-length'])).toBeGreaterThan(0);
  });

  it('logged once how long its start took', () => {
    const ready = running.falcon.logs().filter(({ message }) => message === 'Falcon is ready');
    expect(ready).toHaveLength(1);
    expect(ready[0]).toMatchObject({ level: 'INFO', app_name: 'falcon', worker_id: 'worker-3', model: 'sentiment' });
    expect(ready[0]?.['startup_ms']).toBeGreaterThan(0);
  });

  it('prints for people on stderr where it is, and a curl line that names the route', () => {
    const printed = running.falcon.stderr;
    expect(printed).toContain(`http://127.0.0.1:${running.falcon.port}/docs`);
    expect(printed).toMatch(
      new RegExp(`curl -s http://127.0.0.1:${running.falcon.port}/infer .*-d '\\{"text":"[^"]+"\\}'`),
    );
  });

  describe('GET /docs', () => {
    it('is a page whose files are all there', async () => {
      const { text } = await running.client.get('/docs');
      const files = [...text.matchAll(/(?:src|href)="(\/docs\/[^"]+)"/g)].map(([, path]) => path ?? '');
      expect(files.length).toBeGreaterThanOrEqual(3);
      for (const path of files) {
        expect((await running.client.get(path)).status).toBe(200);
      }
    });
  });
});
