import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configFaults } from '../../../scripts/test-support/config-faults.js';
import { PROJECT_DIR } from '../../../scripts/test-support/program.js';
import { loadConfig } from './config.js';
import { CONTRADICTIONS } from './contradictions.js';

const faultsOf = (env: NodeJS.ProcessEnv) => configFaults(() => loadConfig(env));

const CASES: [NodeJS.ProcessEnv, string][] = [
  [
    { DRAIN_DELAY_SECONDS: '30' },
    'DRAIN_DELAY_SECONDS="30" must be less than GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS, which is 30 and includes it.',
  ],
  [
    { GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS: '3' },
    'DRAIN_DELAY_SECONDS="5" must be less than GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS, which is 3 and includes it.',
  ],
  [
    { BATCH_TIMEOUT_MS: '2000', REQUEST_TIMEOUT_SECONDS: '2' },
    'BATCH_TIMEOUT_MS="2000" must be less than REQUEST_TIMEOUT_SECONDS, which is 2: nothing would be answered.',
  ],
  [{ AUTH_MODE: 'api-key' }, 'AUTH_MODE="api-key" must be off unless API_KEYS_FILE is set.'],
  [{ METRICS_AUTH: 'true' }, 'METRICS_AUTH="true" must be false unless API_KEYS_FILE or ADMIN_API_KEY is set.'],
  [
    { LOAD_SHEDDING_MIN_LIMIT: '2000' },
    'LOAD_SHEDDING_MIN_LIMIT="2000" must be at most LOAD_SHEDDING_MAX_LIMIT, which is 1000.',
  ],
  [
    { LOAD_SHEDDING_MAX_LIMIT: '4' },
    'LOAD_SHEDDING_MIN_LIMIT="64" must be at most LOAD_SHEDDING_MAX_LIMIT, which is 4.',
  ],
  [{ RETRY_MAX_DELAY_MS: '50' }, 'RETRY_BASE_DELAY_MS="100" must be at most RETRY_MAX_DELAY_MS, which is 50.'],
  [{ CACHE_ONCE_PER_CLUSTER: 'true' }, 'CACHE_ONCE_PER_CLUSTER="true" must be false unless REDIS_URL is set.'],
  [
    { AUDIT_STORE_TEXT: 'true', AUDIT_DURABILITY: 'off' },
    'AUDIT_STORE_TEXT="true" must be false with AUDIT_DURABILITY=off: there is no audit log to store it in.',
  ],
  [
    { AUDIT_WHEN_FULL: 'refuse', AUDIT_DURABILITY: 'off' },
    'AUDIT_WHEN_FULL="refuse" must be drop with AUDIT_DURABILITY=off: no answer is recorded.',
  ],
  [
    { DEBUG_MEMORY_GROWTH: 'true', DEBUG_MEMORY_GROWTH_MB_PER_REQUEST: '1', ENVIRONMENT: 'production' },
    'DEBUG_MEMORY_GROWTH="true" must be false with ENVIRONMENT=production: it makes the server run out of memory.',
  ],
  [
    { DEBUG_MEMORY_GROWTH: 'true' },
    'DEBUG_MEMORY_GROWTH_MB_PER_REQUEST="0" must be more than 0 with DEBUG_MEMORY_GROWTH=true.',
  ],
];

describe('what contradicts itself', () => {
  it.each(CASES)('%j stops the start', (env, fault) => {
    expect(faultsOf(env)).toEqual([fault]);
  });

  it('has a case here for each contradiction', () => {
    const blamed = new Set(CASES.map(([, fault]) => fault.slice(0, fault.indexOf('='))));
    expect([...blamed]).toEqual(CONTRADICTIONS.map(({ names: [name] }) => name));
  });

  it('is reported together with all other faults, and not for a variable that is a fault already', () => {
    expect(faultsOf({ AUTH_MODE: 'api-key', METRICS_AUTH: 'yes', PORT: 'x', DRAIN_DELAY_SECONDS: '700' })).toEqual([
      'PORT="x" must be a whole number from 0 to 65535.',
      'DRAIN_DELAY_SECONDS="700" must be a number of seconds from 0 to 600.',
      'METRICS_AUTH="yes" must be one of true, false.',
      'AUTH_MODE="api-key" must be off unless API_KEYS_FILE is set.',
    ]);
  });

  it('is in docs/configuration.md', () => {
    const page = readFileSync(join(PROJECT_DIR, 'docs/configuration.md'), 'utf8');
    const [, rows = ''] = /## Contradictions\n([^]*?)\n## /.exec(page) ?? [];
    const documented = [...rows.matchAll(/^- (.*)$/gm)].map(([, row = '']) =>
      [...row.matchAll(/`([A-Z_]+)/g)].map(([, name = '']) => name).toSorted(),
    );
    expect(documented).toEqual(CONTRADICTIONS.map(({ names }) => names.toSorted()));
  });
});
