import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chartsOf, filledIn, readDashboards } from '../../../../deploy/grafana/dashboards.js';
import { TestPrometheus } from '../../../../scripts/test-support/prometheus.js';
import { TestRedis } from '../../../../scripts/test-support/redis.js';
import { temporaryFolder } from '../../../../scripts/test-support/temporary-folder.js';
import { eventually } from '../../../../scripts/test-support/until.js';
import { describeWithTool } from '../../../../scripts/test-support/tools.js';
import { AuditStack } from '../support/audit-stack.js';
import { Client } from '../support/client.js';
import { MODELS_DIR } from '../support/falcon.js';
import type { Service } from '../support/service.js';

jest.setTimeout(180_000);

/** Longer than the test, so that a rate has all that happened in it. */
const RATE_INTERVAL = '5m';

/** After a scrape that came too late, on a busy machine, there is no data until the next one. */
const PATIENCE = { timeoutMs: 20_000, pollMs: 500 };

/** Rules that have no data as long as all is well, and why. */
const QUIET_RULES: Record<string, string> = {
  NoWorkers: 'absent() has data only where there is no target',
  DrainStuck: 'it leaves out every address at which a server accepts requests',
};

/** Panels that must show what the requests below do. */
const MOVED = [
  'Request Rate (RPS) by Worker',
  'P95 Latency',
  'Latency Percentiles',
  'Error Rate',
  'Cache Hit Rate',
  'Worker Memory Usage',
  'Database Operation Latency',
  'Error Budget Burn Rate',
  'Requests by Outcome',
  'Load Shedding',
  'Rate Limits',
  'CPU',
  'Errors by Code',
  'Texts per Batch',
  'Compute Time of a Batch',
  'Model Versions',
  'Dependency Latency',
  'Timeouts',
  'Cache',
  'Idempotency',
  'Audit Records and Rows',
  'Spool Write Time',
  'Database Connections',
  'Request Rate',
  'Active Connections',
  'Top Routes by 5xx',
];

describeWithTool(['prometheus', 'redis-server'], 'expressions of dashboards and rules', () => {
  let stack: AuditStack;
  let cache: TestRedis;
  let client: Client;
  let prometheus: TestPrometheus;

  beforeAll(async () => {
    [stack, cache] = await Promise.all([AuditStack.open({ redis: 'now', postgres: 'now' }), TestRedis.start()]);
    const models = temporaryFolder();
    cpSync(MODELS_DIR, models, { recursive: true });
    mkdirSync(join(models, 'broken/1'), { recursive: true });
    writeFileSync(join(models, 'broken/1/falcon.json'), '{}'); // is refused
    const api = await stack.api('worker-1', {
      MODEL_DIR: models,
      REDIS_URL: cache.url,
      LOAD_SHEDDING: 'static',
      MAX_INFLIGHT: '4',
      RATE_LIMIT_ENABLED: 'true',
      RATE_LIMIT_PER_MINUTE: '100000',
      RATE_LIMIT_BURST: '10000',
      RATE_LIMIT_OVERRIDES: 'trial=1:1',
    });
    const worker = await stack.worker('audit-worker-1');
    await Promise.all([api.start(), worker.start()]);
    const at = (service: Service) => ({ [service.name]: `127.0.0.1:${service.port}` });
    prometheus = await TestPrometheus.start({
      jobs: { 'falcon-workers': { ...at(api), 'worker-2': '127.0.0.1:1' }, 'falcon-audit-worker': at(worker) },
      changeRules: (text) => text.replaceAll(/^( +interval:) .+/gm, '$1 1s'),
    });
    client = new Client(api.port);
    for (let second = 0; second < 8; second++) {
      await mixedRequests(second);
      await sleep(1000);
    }
    await stack.settle([], 90_000); // every record is in the table
    await sleep(2500); // so that the last of it is scraped, and the rules have seen it
  });

  afterAll(async () => {
    client?.close(); // what failed to start has to be ended no more
    await prometheus?.stop();
    await Promise.all([stack?.close(), cache?.stop()]);
  });

  /** Something of everything that callers do. */
  async function mixedRequests(round: number): Promise<void> {
    const text = `round ${round}`;
    for (let k = 0; k < 5; k++) await client.infer({ text: `${text}, a fine day ${k}` });
    await client.infer({ text: 'said again and again' });
    await client.infer({ text }, { 'idempotency-key': `key-${round}` });
    await client.infer({ text }, { 'idempotency-key': `key-${round}` });
    await client.infer({ text: 'another' }, { 'idempotency-key': `key-${round}` });
    await client.post('/infer/batch', { texts: Array.from({ length: 8 }, (_, k) => `${text} in a batch ${k}`) });
    await Promise.all(
      Array.from({ length: 4 }, (_, k) =>
        client.infer({ text: `${text} in no time ${k} `.repeat(100) }, { 'x-request-timeout-ms': '1' }),
      ),
    );
    await client.infer({ text: '' });
    await client.infer({ text }, { 'x-tenant-id': 'trial' });
    await client.get('/admin/breakers');
    await Promise.all(
      Array.from({ length: 20 }, (_, k) => client.infer({ text: `${text} at once ${k}` }, { 'x-priority': 'low' })),
    );
  }

  /** The numbers that an expression is now; no number is none. */
  async function numbers(expression: string): Promise<number[]> {
    const series = await prometheus.query(filledIn(expression, RATE_INTERVAL));
    return series.map(({ points }) => points[0]!.value).filter(Number.isFinite);
  }

  /** The same without its thresholds: whether it is beyond them, 0 or 1, instead of what is. */
  function compared(expression: string): Promise<number[]> {
    return numbers(expression.replaceAll(/(==|!=|[<>]=?)\s/g, '$1 bool '));
  }

  describe.each([...readDashboards()])('the dashboard %s', (_name, dashboard) => {
    it.each(chartsOf(dashboard).map((chart) => [chart.title, chart] as const))(
      'shows %s',
      async (title, { targets }) => {
        await eventually(async () => {
          const values = await Promise.all(targets.map(({ expr }) => numbers(expr)));
          expect(values).not.toContainEqual([]);
          if (MOVED.includes(title)) expect(Math.max(...values.flat())).toBeGreaterThan(0);
        }, PATIENCE);
      },
    );

    it('marks alerts and starts, and finds the workers', async () => {
      const [, metric = '', label = ''] = /label_values\((\w+), (\w+)\)/.exec(JSON.stringify(dashboard.templating))!;
      await eventually(async () => {
        for (const { name, expr } of dashboard.annotations.list.filter(({ expr }) => expr !== undefined)) {
          expect([name, await compared(expr!)]).not.toEqual([name, []]);
        }
        const workers = (await prometheus.query(metric)).map(({ labels }) => labels[label] ?? '');
        expect(workers.toSorted()).toEqual(['audit-worker-1', 'worker-1']);
      }, PATIENCE);
    });
  });

  it('every rule is evaluated without an error, and has data', async () => {
    await eventually(async () => {
      const rules = await prometheus.rules();
      expect(rules.length).toBeGreaterThan(40);
      expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
      const values = await Promise.all(rules.map(async ({ name, query }) => ({ name, data: await compared(query) })));
      const empty = values.filter(({ data }) => data.length === 0).map(({ name }) => name);
      expect(empty).toEqual(Object.keys(QUIET_RULES));
    }, PATIENCE);
  });
});
