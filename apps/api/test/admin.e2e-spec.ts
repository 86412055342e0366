import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../../scripts/test-support/temporary-folder.js';
import { until } from '../../../scripts/test-support/until.js';
import { MODELS_DIR } from './support/falcon.js';
import { startWithClient, stop, type Running } from './support/running.js';

jest.setTimeout(60_000);

const KEY = 'operators-only-0123456789';
const LONGEST_NAME = 'm'.repeat(128);

describe('operators’ routes', () => {
  let running: Running;
  const key = { 'X-API-Key': KEY };
  const post = (path: string) => running.client.send('POST', path, { headers: key });

  beforeAll(async () => {
    const models = temporaryFolder();
    cpSync(MODELS_DIR, models, { recursive: true });
    mkdirSync(join(models, LONGEST_NAME, '1'), { recursive: true });
    running = await startWithClient({ ADMIN_API_KEY: KEY, ENVIRONMENT: 'production', MODEL_DIR: models });
    // The server is ready with its default model; the other one may still be loading.
    await until(async () => !(await running.client.get('/admin/models', key)).text.includes('"loading"'));
  });
  afterAll(() => stop(running));

  it('list the breakers of every model and of what models need', async () => {
    const { json } = await running.client.get('/admin/breakers', key);
    const breakers = json['breakers'] as { name: string; state: string }[];
    const names = breakers.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['redis', 'model:intent', 'model:sentiment']));
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(breakers.map(({ state }) => state))).toEqual(new Set(['closed']));
  });

  it('force a breaker open, closed, and let it go again', async () => {
    const path = '/admin/breakers/model:sentiment';
    expect((await post(`${path}/force-open`)).json).toMatchObject({ name: 'model:sentiment', state: 'forced_open' });
    const refused = await running.client.infer({ text: 'a good day' }, { 'X-Allow-Degraded': 'false' });
    expect([refused.status, refused.json['code']]).toEqual([503, 'CIRCUIT_OPEN']);
    expect((await running.client.infer({ text: 'a good day', model: 'intent' })).status).toBe(200);
    expect((await running.client.get(path, key)).json).toMatchObject({ state: 'forced_open', rejected: 1 });
    expect((await post(`${path}/force-closed`)).json['state']).toBe('forced_closed');
    expect((await post(`${path}/reset`)).json['state']).toBe('closed');
    expect((await running.client.infer({ text: 'a good day' })).status).toBe(200);
    expect((await running.client.get(path, key)).json).toMatchObject({ succeeded: 1, state_changes: 3 });
  });

  it('change a breaker and say so in the log, whatever else the request says that they do not read', async () => {
    const { status, json } = await post('/admin/breakers/redis/reset?priority=nonsense');
    expect([status, json['state']]).toEqual([200, 'closed']);
    await running.falcon.waitForLog('The breaker "redis" was closed and cleared by ADMIN_API_KEY from 127.0.0.1');
  });

  it('find the breaker of a model whose name is as long as may be', async () => {
    const path = `/admin/breakers/model:${LONGEST_NAME}`;
    expect((await running.client.get(path, key)).json).toMatchObject({ name: `model:${LONGEST_NAME}` });
    for (const change of ['force-open', 'force-closed', 'reset'])
      expect((await post(`${path}/${change}`)).status).toBe(200);
  });

  it.each(['model', 'model:nonesuch', '__proto__', '..%2fmodels'])('know no breaker %j', async (name) => {
    const { status, json } = await post(`/admin/breakers/${name}/reset`);
    expect([status, json['code']]).toEqual([404, 'BREAKER_NOT_FOUND']);
  });

  it('say what every model version is', async () => {
    const { json } = await running.client.get('/admin/models', key);
    const models = json['models'] as Record<string, unknown>[];
    expect(models.find(({ name }) => name === 'sentiment')).toMatchObject({
      version: '1',
      state: 'ready',
      serving: true,
      labels: ['negative', 'neutral', 'positive'],
      signature: { outputs: [{ dtype: 'float32' }] },
    });
  });

  it('say where the audit records are', async () => {
    const { json } = await running.client.get('/admin/audit', key);
    expect(json).toMatchObject({ enabled: false, spool: { records: 0, bytes: 0 }, lag_seconds: 0 });
  });

  it('are closed to everybody, this machine too, where there is no admin key', async () => {
    const keyless = await startWithClient({ ENVIRONMENT: 'production' });
    for (const path of ['/admin/breakers', '/admin/models', '/admin/audit', '/admin/queues', '/admin/maintenance']) {
      const { status, json } = await keyless.client.get(path, key);
      expect([status, json['code']]).toEqual([403, 'FORBIDDEN']);
      expect(json['detail']).toContain('set ADMIN_API_KEY');
    }
    await stop(keyless);
  });

  it('are open to this machine alone in development without an admin key', async () => {
    const development = await startWithClient();
    expect((await development.client.get('/admin/models')).status).toBe(200);
    for (const header of ['X-Forwarded-For', 'Forwarded', 'X-Real-IP']) {
      expect((await development.client.get('/admin/models', { [header]: '127.0.0.1' })).status).toBe(403);
    }
    expect((await development.client.get('/admin/models', { Host: 'evil.example' })).status).toBe(403);
    await stop(development);
  });
});
