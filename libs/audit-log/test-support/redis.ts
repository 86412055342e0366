export { describeWithRedis, redisProgram, TestRedis } from '../../../scripts/test-support/redis.js';
export type { TestRedisOptions } from '../../../scripts/test-support/redis.js';
