import { callersSettings, serverEnvironment, unlessGiven } from './config.js';

describe('serverEnvironment', () => {
  const before = process.env;
  beforeEach(() => {
    process.env = {
      BATCH_SIZE: '64',
      POSTGRES_URL: 'postgres://db/of-somebody',
      REDIS_URL_FILE: '/run/secrets/redis-url',
      REDIS_QUEUE_URL: 'redis://queue-of-somebody',
    };
  });
  afterEach(() => {
    process.env = before;
  });

  it('takes settings from the caller, and never a database or a Redis', () => {
    const given = { REDIS_QUEUE_URL: 'redis://of-the-bench', PORT: '1' };
    expect(serverEnvironment(given)).toEqual({
      BATCH_SIZE: '64',
      PORT: '1',
      POSTGRES_URL: '',
      POSTGRES_URL_FILE: '',
      REDIS_URL: '',
      REDIS_URL_FILE: '',
      REDIS_QUEUE_URL: 'redis://of-the-bench',
      REDIS_QUEUE_URL_FILE: '',
    });
  });
});

describe('callersSettings', () => {
  const before = process.env;
  afterEach(() => {
    process.env = before;
  });

  it('are all settings of Falcon that change its figures, and no secret', () => {
    const noted = {
      ACCESS_LOG_SAMPLE_RATE: '1',
      CIRCUIT_BREAKER_ENABLED: 'false',
      IDEMPOTENCY_ENABLED: 'false',
      METRICS_AUTH: 'true',
      REQUEST_TIMEOUT_SECONDS: '5',
      NODE_OPTIONS: '--cpu-prof',
    };
    const own = { PATH: '/bin', PORT: '8100', LOG_LEVEL: 'DEBUG', POSTGRES_URL: 'postgres://a:secret@b/c' };
    const secret = { ADMIN_API_KEY: 'secret', API_KEYS_FILE: '/keys' };
    process.env = { ...noted, ...own, ...secret, OTEL_EXPORTER_OTLP_ENDPOINT: 'https://me:secret@collector:4318/v1' };
    expect(callersSettings()).toEqual({ ...noted, OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector:4318/v1' });
  });

  it('come before those of the bench', () => {
    process.env = { CACHE_ENABLED: 'false' };
    expect(unlessGiven({ CACHE_ENABLED: 'true', LOAD_SHEDDING: 'off' })).toEqual({
      CACHE_ENABLED: 'false',
      LOAD_SHEDDING: 'off',
    });
  });
});
