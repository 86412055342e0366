import { recordingLog } from '../../test-support/recording-log.js';
import { Availability } from './availability.js';
import { producerRedis } from './redis-connections.js';

describe('the connection of a producer', () => {
  it.each([100, 5000, 60_000])('is not given up before a command that may take %d ms', (timeoutMs) => {
    const redis = producerRedis('redis://127.0.0.1:9', timeoutMs, new Availability('Redis', recordingLog()));
    expect(redis.options.socketTimeout).toBeGreaterThan(timeoutMs);
    redis.disconnect();
  });
});
