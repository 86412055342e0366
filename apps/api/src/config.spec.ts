import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { configFaults } from '../../../scripts/test-support/config-faults.js';
import { PROJECT_DIR } from '../../../scripts/test-support/program.js';
import { loadConfig } from './config.js';
import { environmentSchema } from './environment.js';

const VARIABLES = Object.keys(environmentSchema.shape);
/** Their defaults depend on the machine or the release. */
const COMPUTED = [
  'APP_VERSION',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'INFERENCE_WORKERS',
  'HEALTH_CHECK_URLS',
  'API_KEYS_FILE',
  'ADMIN_API_KEY',
  'ADMIN_API_KEY_FILE',
  'TRUST_PROXY',
  'CORS_ORIGINS',
  'RATE_LIMIT_OVERRIDES',
  'REDIS_URL',
  'REDIS_URL_FILE',
  'REDIS_QUEUE_URL',
  'REDIS_QUEUE_URL_FILE',
  'POSTGRES_URL',
  'POSTGRES_URL_FILE',
];

const faultsOf = (env: NodeJS.ProcessEnv) => configFaults(() => loadConfig(env));

describe('loadConfig', () => {
  it('takes the name of the machine where it is told to', () => {
    expect(loadConfig({ WORKER_ID: 'hostname' }).workerId).toBe(hostname());
  });

  it('needs nothing: every variable has a default', () => {
    expect(loadConfig({})).toMatchObject({
      appName: 'falcon',
      host: '127.0.0.1',
      port: 8000,
      workerId: 'worker-1',
      requestTimeoutMs: 30_000,
      shutdownTimeoutMs: 30_000,
      drainDelayMs: 5000,
      cache: { redisTimeoutMs: 50 },
      inference: { defaultModel: 'sentiment', backend: 'auto', batchSize: 32, batchTimeoutMs: 0 },
    });
    expect(loadConfig({}).inference.workers).toBeGreaterThanOrEqual(1);
  });

  it('takes the version of package.json', () => {
    const manifest = JSON.parse(readFileSync(join(PROJECT_DIR, 'package.json'), 'utf8')) as { version: string };
    expect(loadConfig({}).version).toBe(manifest.version);
  });

  it('takes what is set', () => {
    const config = loadConfig({ PORT: '8100', REQUEST_TIMEOUT_SECONDS: '2.5', MODEL_DIR: '/srv/models' });
    expect(config).toMatchObject({ port: 8100, requestTimeoutMs: 2500, inference: { modelDir: '/srv/models' } });
  });

  it.each([
    ['1', 60_000],
    ['300', 300_000],
  ])('lets a model take as long to load as the start (%s s), and 60 s at least', (seconds, loadTimeoutMs) => {
    expect(loadConfig({ STARTUP_TIMEOUT_SECONDS: seconds })).toMatchObject({ inference: { loadTimeoutMs } });
  });

  it('makes whole milliseconds of any seconds', () => {
    const times = VARIABLES.filter((name) => name.endsWith('_SECONDS'));
    const fractions = times.filter((name) => !['READY_SATURATION_SECONDS', 'DRAIN_DELAY_SECONDS'].includes(name));
    const config = loadConfig(Object.fromEntries(fractions.map((name) => [name, '16.1'])));
    const found = [...JSON.stringify(config).matchAll(/"(\w+Ms)":([\d.]+)/g)];
    expect(found.filter(([, , value]) => value === '16100').length).toBeGreaterThan(10);
    expect(found.filter(([, , value]) => !Number.isInteger(Number(value)))).toEqual([]);
  });

  it('keeps the answer of a full batch under its key, however long ten labels are', () => {
    const probabilities = Object.fromEntries(Array.from({ length: 10 }, (_, k) => [`${k}`.repeat(300), 0.123456]));
    const answer = JSON.stringify({ probabilities, prediction: 'a'.repeat(300), request_id: 'b'.repeat(128) });
    expect(256 * answer.length).toBeLessThan(loadConfig({}).cache.idempotency.maxBodyLength);
  });

  it('counts a variable that is set to nothing as not set', () => {
    expect(loadConfig({ PORT: '', HOST: '  ' })).toMatchObject({ port: 8000, host: '127.0.0.1' });
  });

  it.each([
    ['PORT', '65536', 'a whole number from 0 to 65535'],
    ['PORT', '80.5', 'a whole number from 0 to 65535'],
    ['PORT', '-1', 'a whole number from 0 to 65535'],
    ['PORT', '0x50', 'a whole number from 0 to 65535'],
    ['BATCH_SIZE', '1025', 'a whole number from 1 to 1024'],
    ['REQUEST_TIMEOUT_SECONDS', 'soon', 'a number of seconds from 0.1 to 3600'],
    ['REQUEST_TIMEOUT_SECONDS', '0', 'a number of seconds from 0.1 to 3600'],
    [
      'HEALTH_CHECK_URLS',
      'a=ftp://host',
      'a list such as gateway=https://host/path,store=tcp://host:6379, each name once, of letters, digits, "_" and "-", and no URL with a user or password',
    ],
    ['LOG_LEVEL', 'debug', 'one of DEBUG, INFO, WARNING, ERROR, CRITICAL'],
    ['INFERENCE_BACKEND', 'gpu', 'one of auto, wasm, cpu, tensorflow'],
    ['WORKER_ID', 'a b', 'a name of 1 to 64 letters, digits, dots, dashes or underscores'],
    ['AUDIT_STORE_TEXT', 'yes', 'one of true, false'],
    ['AUDIT_SPOOL_MAX_BYTES', '1000', 'a whole number from 1048576 to 1099511627776'],
    ['POSTGRES_URL', 'localhost:5432', 'a URL such as postgres://user:password@host:port/name'],
    [
      'DEFAULT_MODEL',
      '../x',
      'the name of a model of 1 to 128 letters, digits, dots, dashes or underscores, the first a letter or digit',
    ],
  ])('refuses %s=%s with what was expected', (name, value, expected) => {
    expect(faultsOf({ [name]: value })).toEqual([`${name}="${value}" must be ${expected}.`]);
  });

  it('takes addresses, networks and origins apart', () => {
    const { access } = loadConfig({ TRUST_PROXY: '10.0.0.0/8, ::1', CORS_ORIGINS: 'https://a.example' });
    expect(access).toMatchObject({ trustedProxies: ['10.0.0.0/8', '::1'], corsOrigins: ['https://a.example'] });
  });

  it.each([
    ['TRUST_PROXY', 'true'],
    ['TRUST_PROXY', '10.0.0.0/0'],
    ['TRUST_PROXY', '10.0.0.0/33'],
    ['TRUST_PROXY', '10.0.0.1,'],
    ['CORS_ORIGINS', '*'],
    ['CORS_ORIGINS', 'https://a.example/'],
    ['CORS_ORIGINS', 'javascript:alert(1)'],
  ])('refuses %s=%s', (name, value) => {
    expect(faultsOf({ [name]: value })).toEqual([expect.stringContaining(`${name}="${value}" must be `)]);
  });

  it('does not need a file of keys for an admin key', () => {
    expect(faultsOf({ METRICS_AUTH: 'true', ADMIN_API_KEY: 'a-key-of-operators' })).toEqual([]);
  });

  it('opens operators’ routes to people on this machine in development alone', () => {
    const opens = (env: NodeJS.ProcessEnv) => loadConfig(env).access.opensAdminToLoopback;
    expect([opens({}), opens({ ENVIRONMENT: 'production' }), opens({ ENVIRONMENT: 'staging' })]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it.each([
    [{}, 'embedded', true],
    [{ POSTGRES_URL: 'postgres://db/logs' }, 'mixed', true],
    [{ REDIS_URL: 'redis://queue' }, 'mixed', true],
    [{ POSTGRES_URL: 'postgres://db/logs', REDIS_QUEUE_URL: 'redis://queue' }, 'production', false],
    [{ POSTGRES_URL: 'postgres://db/logs', REDIS_URL: 'redis://all', AUDIT_WORKER: 'in-process' }, 'production', true],
    [{ AUDIT_WORKER: 'separate' }, 'embedded', false],
  ])('knows from %j that the mode is %s, and whether the audit worker runs here', (env, mode, runsHere) => {
    const config = loadConfig(env);
    expect([config.mode, config.auditWorker !== undefined]).toEqual([mode, runsHere]);
  });

  it('has one Redis for all unless the queue has its own', () => {
    expect(loadConfig({ REDIS_URL: 'redis://all' }).auditServices.redisQueueUrl).toBe('redis://all');
    const both = { REDIS_URL: 'redis://all', REDIS_QUEUE_URL: 'redis://queue' };
    expect(loadConfig(both).auditServices.redisQueueUrl).toBe('redis://queue');
  });

  it.each([
    ['1', true],
    ['true', true],
    ['yes', true],
    ['on', true],
    ['0', false],
    ['off', false],
    ['', false],
  ])('takes MAINTENANCE_MODE=%s for %s', (value, isInMaintenance) => {
    expect(loadConfig({ MAINTENANCE_MODE: value })).toMatchObject({ isInMaintenance });
  });
});

describe('.env.example', () => {
  const lines = readFileSync(join(PROJECT_DIR, '.env.example'), 'utf8').split('\n');
  const assignments = lines.flatMap((line, index) => {
    const match = /^(?:# )?([A-Z_]+)=(.*)$/.exec(line);
    return match ? [{ name: match[1] ?? '', value: match[2] ?? '', before: lines[index - 1] ?? '' }] : [];
  });

  it('has every variable, in the order of the schema', () => {
    expect(assignments.map(({ name }) => name)).toEqual(VARIABLES);
  });

  it('has a sentence for each', () => {
    expect(assignments.filter(({ before }) => !/^# [A-Z].+\.$/.test(before))).toEqual([]);
  });

  it('gives the defaults', () => {
    const given = Object.fromEntries(assignments.map(({ name, value }) => [name, value]));
    expect(loadConfig(given)).toEqual(loadConfig({}));
    const empty = assignments.filter(({ value }) => value === '').map(({ name }) => name);
    expect(empty).toEqual(COMPUTED);
  });
});

describe('docs/configuration.md', () => {
  const page = readFileSync(join(PROJECT_DIR, 'docs/configuration.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` +\| ([^|]*) \|/gm)].map(([, name = '', value = '']) => ({
    name,
    value,
  }));

  it('has every variable, in the order of the schema', () => {
    expect(rows.map(({ name }) => name)).toEqual(VARIABLES);
  });

  it('gives the defaults', () => {
    const fixed = rows.filter(({ name }) => !COMPUTED.includes(name));
    const given = Object.fromEntries(
      fixed.map(({ name, value }) => [name, /^`(.*)`$/.exec(value.trim())?.[1] ?? 'none']),
    );
    expect(loadConfig(given)).toEqual(loadConfig({}));
  });
});
