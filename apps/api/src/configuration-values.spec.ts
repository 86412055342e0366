import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { configFaults } from '../../../scripts/test-support/config-faults.js';
import { documentedVariables, samplesOf } from '../../../scripts/test-support/documented-values.js';
import { PROJECT_DIR } from '../../../scripts/test-support/program.js';
import { loadConfig } from './config.js';
import { environmentSchema } from './environment.js';

/** docs/configuration.md has every variable of the schema, so a new one is tried here without being added. */
const VARIABLES = documentedVariables(join(PROJECT_DIR, 'docs/configuration.md'));
const SAMPLES = VARIABLES.map((variable) => ({ ...variable, ...samplesOf(variable) }));

/** What a value must be for which the page says too little. */
const RIGHT: Record<string, string> = {
  HEALTH_CHECK_URLS: 'store=tcp://store:9000',
  RATE_LIMIT_OVERRIDES: 'acme=60:10',
  REDIS_URL: 'redis://all',
  REDIS_QUEUE_URL: 'redis://queue',
  POSTGRES_URL: 'postgres://db/logs',
};
/** Without these, a variable means nothing or may not be set. */
const NEEDED: Record<string, NodeJS.ProcessEnv> = {
  OTEL_TRACES_SAMPLER: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' },
  OTEL_TRACES_SAMPLER_ARG: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' },
  AUTH_MODE: { API_KEYS_FILE: '/srv/keys' },
  METRICS_AUTH: { API_KEYS_FILE: '/srv/keys' },
  MAX_INFLIGHT: { LOAD_SHEDDING: 'static' },
  CACHE_ONCE_PER_CLUSTER: { REDIS_URL: 'redis://all' },
  DEBUG_MEMORY_GROWTH: { DEBUG_MEMORY_GROWTH_MB_PER_REQUEST: '1' },
  DEBUG_MEMORY_GROWTH_MB_PER_REQUEST: { DEBUG_MEMORY_GROWTH: 'true', DEBUG_MEMORY_GROWTH_MB_PER_REQUEST: '1' },
};
/** They give others their values. */
const FILES = ['ADMIN_API_KEY_FILE', 'REDIS_URL_FILE', 'REDIS_QUEUE_URL_FILE', 'POSTGRES_URL_FILE'];

/** Whether the server is told otherwise by this value; one that contradicts a default tells it nothing. */
function matters(name: string, value: string): boolean {
  const env = { ...NEEDED[name], [name]: value };
  return faultsOf(env).length === 0 && !isDeepStrictEqual(loadConfig(env), loadConfig(NEEDED[name] ?? {}));
}

const faultsOf = (env: NodeJS.ProcessEnv) => configFaults(() => loadConfig(env));

describe('the variables of docs/configuration.md', () => {
  it('are those of the schema', () => {
    expect(VARIABLES.map(({ name }) => name)).toEqual(Object.keys(environmentSchema.shape));
  });

  it.each(SAMPLES)('$name takes $values', ({ name, right }) => {
    const variable = (environmentSchema.shape as Record<string, { safeParse(value: string): { success: boolean } }>)[
      name
    ];
    expect(right.filter((value) => !variable?.safeParse(value).success)).toEqual([]);
  });

  it.each(SAMPLES)('$name refuses what is none of $values, with one sentence', ({ name, wrong }) => {
    for (const value of wrong) {
      const faults = faultsOf({ [name]: value });
      expect([value, faults]).toEqual([
        value,
        [expect.stringMatching(new RegExp(`^${name}=".*" must be [^.].*\\.$`, 's'))],
      ]);
    }
  });

  it.each(SAMPLES.filter(({ name }) => !FILES.includes(name)))('$name matters', ({ name, right }) => {
    const values = [...right, ...(RIGHT[name] === undefined ? [] : [RIGHT[name]])];
    expect(values.filter((value) => matters(name, value))).not.toEqual([]);
  });

  it('take their defaults when they are missing, empty or blank', () => {
    for (const blank of ['', ' ', '\t\n']) {
      expect(loadConfig(Object.fromEntries(VARIABLES.map(({ name }) => [name, blank])))).toEqual(loadConfig({}));
    }
  });

  it('are all named at once when all are wrong, in their order', () => {
    const wrong = SAMPLES.flatMap(({ name, wrong: [value] }) => (value === undefined ? [] : [[name, value] as const]));
    const faults = faultsOf(Object.fromEntries(wrong));
    expect(faults.map((fault) => fault.slice(0, fault.indexOf('=')))).toEqual(wrong.map(([name]) => name));
    expect(wrong.length).toBeGreaterThan(50);
  });
});
