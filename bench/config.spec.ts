import { serverEnvironment } from './config.js';

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
