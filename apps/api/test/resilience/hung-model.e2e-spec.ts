import { unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { preload } from '../../../../scripts/test-support/preload.js';
import { AuditStack } from '../support/audit-stack.js';
import { Client } from '../support/client.js';
import { modelsWithFallback } from '../support/fallback-models.js';
import { scrape, waitForSeries } from '../support/metrics.js';
import type { Service } from '../support/service.js';
import { SteadyLoad } from '../support/steady-load.js';

jest.setTimeout(90_000);

const HANGING_WORKER = join(__dirname, '../support/hanging-worker.cjs');
const MODEL_STATE = /^circuit_breaker_state\{dependency="model/;

describe('a model whose worker hangs', () => {
  let stack: AuditStack;
  let hangs: string;
  let api: Service;
  let client: Client;

  beforeAll(async () => {
    stack = await AuditStack.open();
    const models = modelsWithFallback();
    hangs = join(models, 'hangs');
    api = await stack.api('api', {
      MODEL_DIR: models,
      ...preload(HANGING_WORKER),
      HANG_WHILE: hangs,
      INFERENCE_TIMEOUT_SECONDS: '1', // the defaults, ten times as fast
      REQUEST_TIMEOUT_SECONDS: '3',
      CIRCUIT_BREAKER_TIMEOUT_SECONDS: '3',
      CACHE_TTL_SECONDS: '0.1',
    });
    await api.start();
    client = new Client(api.port);
  });
  afterAll(async () => {
    client.close();
    await stack.close();
  });

  const modelState = async () => [...(await scrape(client))].find(([series]) => MODEL_STATE.test(series))!;

  it('is stood in for under load, opens its breaker, and is asked again when it works', async () => {
    const known = await client.infer({ text: 'known of old' });
    await sleep(150);
    const [series] = await modelState();
    writeFileSync(hangs, '');
    const load = new SteadyLoad({ ports: [api.port], connections: 12, pauseMs: 50 });
    await waitForSeries(client, series, (state) => state === 1);

    const fallback = await client.infer({ text: 'unheard of' });
    expect([fallback.status, fallback.headers['x-falcon-mode']]).toEqual([200, 'degraded_fallback']);
    expect(fallback.json).toMatchObject({ prediction: 'neutral', degraded_reason: 'CIRCUIT_OPEN', cache_hit: false });
    const stale = await client.infer({ text: 'known of old' });
    expect([stale.status, stale.headers['x-falcon-mode']]).toEqual([200, 'degraded_cache']);
    expect(stale.json).toMatchObject({
      probabilities: known.json['probabilities'],
      degraded_reason: 'CIRCUIT_OPEN',
      cache_hit: true,
    });
    const unwilling = await client.infer({ text: 'unheard of' }, { 'X-Allow-Degraded': 'false' });
    expect([unwilling.status, unwilling.json['code']]).toEqual([503, 'CIRCUIT_OPEN']);
    expect(Number(unwilling.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    const metrics = await scrape(client);
    expect(metrics.get('degraded_total{mode="degraded_fallback",reason="CIRCUIT_OPEN"}')).toBeGreaterThan(0);
    expect(metrics.get('degraded_total{mode="degraded_cache",reason="CIRCUIT_OPEN"}')).toBeGreaterThan(0);
    expect(metrics.get('degraded_total{mode="degraded_fallback",reason="WORKER_LOST"}')).toBeGreaterThan(0);
    expect(metrics.get('inference_worker_restarts_total')).toBeGreaterThan(0);
    expect((await client.get('/healthz')).status).toBe(200);

    unlinkSync(hangs);
    await waitForSeries(client, series, (state) => state === 0);
    const fresh = await client.infer({ text: 'asked when all is well again' });
    expect(fresh.json).toMatchObject({ mode: 'fresh' });
    expect(fresh.headers['x-falcon-mode']).toBeUndefined();
    await load.stop();
    expect(load.broken).toEqual([]);
    const failed = load.answers.filter(({ status }) => status !== 200);
    // Whoever waited behind the hung ones until its own deadline.
    expect(failed.filter(({ status, json }) => status !== 504 || json['code'] !== 'DEADLINE_EXCEEDED')).toEqual([]);
    const degraded = load.answers.filter(({ status, json }) => status === 200 && json['mode'] !== 'fresh');
    expect(degraded.length).toBeGreaterThan(failed.length);
    expect(degraded.every(({ headers, json }) => headers['x-falcon-mode'] === json['mode'])).toBe(true);
  });

  it('has told the log of the worker and of the breaker', async () => {
    const messages = api.logs().map((line) => JSON.stringify(line));
    expect(messages.filter((line) => line.includes('did not answer a batch within 1000 ms'))).not.toEqual([]);
    const breakers = api.logs().filter(({ dependency }) => String(dependency).startsWith('model:'));
    const changes = breakers.map(({ message }) => message);
    expect([changes[0], changes.at(-1)]).toEqual(['Circuit breaker open', 'Circuit breaker closed']);
  });

  it('is on record as what was answered instead', async () => {
    await api.whenShipped();
    const rows = await stack.query<{ mode: string; degraded_reason: string | null; success: boolean }>(
      `SELECT DISTINCT mode, degraded_reason, success FROM inference_logs WHERE mode <> 'fresh' ORDER BY 1, 2`,
    );
    expect(rows).toEqual(
      expect.arrayContaining([
        { mode: 'degraded_cache', degraded_reason: 'CIRCUIT_OPEN', success: true },
        { mode: 'degraded_fallback', degraded_reason: 'CIRCUIT_OPEN', success: true },
        { mode: 'degraded_fallback', degraded_reason: 'WORKER_LOST', success: true },
      ]),
    );
  });
});
