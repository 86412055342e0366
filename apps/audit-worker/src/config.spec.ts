import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configFaults } from '../../../scripts/test-support/config-faults.js';
import { documentedVariables, samplesOf } from '../../../scripts/test-support/documented-values.js';
import { PROJECT_DIR } from '../../../scripts/test-support/program.js';
import { environmentSchema, loadConfig } from './config.js';

const VARIABLES = Object.keys(environmentSchema.shape);

const faultsOf = (env: NodeJS.ProcessEnv) => configFaults(() => loadConfig(env));

describe('loadConfig', () => {
  it('needs nothing: every variable has a default', () => {
    expect(loadConfig({})).toMatchObject({
      workerId: 'audit-worker-1',
      host: '127.0.0.1',
      port: 8001,
      shutdownTimeoutMs: 30_000,
      services: { postgresUrl: undefined, redisQueueUrl: undefined, dataDir: join(process.cwd(), 'data') },
      worker: { concurrency: 4, retentionDays: 30, migrate: true },
    });
  });

  it('keeps the queue in REDIS_QUEUE_URL, else in REDIS_URL', () => {
    expect(loadConfig({ REDIS_URL: 'redis://all' }).services.redisQueueUrl).toBe('redis://all');
    const both = { REDIS_URL: 'redis://all', REDIS_QUEUE_URL: 'redis://queue' };
    expect(loadConfig(both).services.redisQueueUrl).toBe('redis://queue');
  });

  it('leaves the jobs in hand less time than the whole shutdown has', () => {
    const { worker, shutdownTimeoutMs } = loadConfig({ GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS: '10' });
    expect(shutdownTimeoutMs).toBe(10_000);
    expect(worker.closeTimeoutMs).toBeLessThan(10_000);
  });

  it('refuses what cannot be, all of it at once, with the password masked', () => {
    expect(faultsOf({ PORT: 'x', AUDIT_WORKER_CONCURRENCY: '0', POSTGRES_URL: 'mysql://me:secret@host/db' })).toEqual([
      'PORT="x" must be a whole number from 0 to 65535.',
      'POSTGRES_URL="mysql://me:***@host/db" must be a URL such as postgres://user:password@host:port/name.',
      'AUDIT_WORKER_CONCURRENCY="0" must be a whole number from 1 to 64.',
    ]);
  });
});

describe('the variables of the worker', () => {
  const documented = documentedVariables(join(PROJECT_DIR, 'docs/configuration.md'));
  const samples = documented
    .filter(({ name }) => VARIABLES.includes(name))
    .map((variable) => ({ ...variable, ...samplesOf(variable) }));

  it.each(samples)('$name is refused when it is none of $values, with one sentence', ({ name, wrong }) => {
    for (const value of wrong) {
      expect(faultsOf({ [name]: value })).toEqual([expect.stringMatching(/^\w+=".*" must be [^.].*\.$/s)]);
    }
  });

  it('are all named at once when all are wrong', () => {
    const wrong = samples.flatMap(({ name, wrong: [value] }) => (value === undefined ? [] : [[name, value] as const]));
    const named = faultsOf(Object.fromEntries(wrong)).map((fault) => fault.slice(0, fault.indexOf('=')));
    expect(named.toSorted()).toEqual(wrong.map(([name]) => name).toSorted());
  });
});

describe('docs/configuration.md', () => {
  const page = readFileSync(join(PROJECT_DIR, 'docs/configuration.md'), 'utf8');
  const section = /## The audit worker\n([^]*?)\n## /.exec(page)?.[1] ?? '';
  const [list = '', own = ''] = section.split('Two defaults are its own:');

  it('names every variable of the worker, in the order of the schema', () => {
    expect([...list.matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name)).toEqual(VARIABLES);
  });

  it('gives the defaults that are not those of the server', () => {
    const table = [...page.matchAll(/^\| `([A-Z_]+)` +\| `([^`|]*)` +\|/gm)].map(([, name = '', value = '']) => [
      name,
      value,
    ]);
    const shared = Object.fromEntries(table.filter(([name = '']) => VARIABLES.includes(name)));
    const different = Object.fromEntries(
      [...own.matchAll(/`([A-Z_]+)=([^`]+)`/g)].map(([, name, value]) => [name, value]),
    );
    expect(loadConfig({ ...shared, ...different })).toEqual(loadConfig({}));
    expect(Object.keys(different)).toEqual(['WORKER_ID', 'PORT']);
  });
});

describe('.env.example', () => {
  it('has every variable of the worker', () => {
    const lines = readFileSync(join(PROJECT_DIR, '.env.example'), 'utf8');
    const names = [...lines.matchAll(/^(?:# )?([A-Z_]+)=/gm)].map(([, name]) => name);
    expect(names).toEqual(expect.arrayContaining(VARIABLES));
  });
});
