import { isRedisFull, isRedisUnwritable, redisFailure } from './redis-failure.js';

/** How Redis 6.2 begins what it says of a script that failed. */
const OF_A_SCRIPT = 'ERR Error running script (call to f_8a1b): @user_script:24: @user_script: 24:';

describe('a failure of Redis', () => {
  const describeFailure = redisFailure('redis://user:hunter2@queue.internal:6380/3', 'REDIS_QUEUE_URL');

  it.each([
    [
      'NOAUTH HELLO must be called with the client already authenticated',
      'it wants a password: correct REDIS_QUEUE_URL',
    ],
    ['WRONGPASS invalid username-password pair', 'the user or the password is wrong: correct REDIS_QUEUE_URL'],
    ['ERR DB index is out of range', 'there is no database of that number: correct REDIS_QUEUE_URL'],
    ['connect ECONNREFUSED 10.0.0.1:6380', 'nothing listens there: is Redis running?'],
    ['getaddrinfo ENOTFOUND queue.internal', 'the host is not known: correct REDIS_QUEUE_URL'],
    ['Command timed out', 'it does not answer in time'],
    ["Socket timeout. Expecting data, but didn't receive any in 5000ms.", 'it does not answer in time'],
    ['ERR Error running script: -READONLY You cannot write', 'it is a read-only replica: correct REDIS_QUEUE_URL'],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'its memory is full: raise its maxmemory'],
    [`${OF_A_SCRIPT} -OOM command not allowed when used`, 'its memory is full: raise its maxmemory'],
    ['something new', 'something new'],
  ])('is a sentence that says which, what and what to do: %s', (said, sentence) => {
    const told = describeFailure(new Error(said));
    expect(told.startsWith(`Redis at queue.internal:6380: ${sentence}`)).toBe(true);
    expect(told).not.toContain('hunter2');
  });

  it.each([
    ["OOM command not allowed when used memory > 'maxmemory'.", true, true],
    [`${OF_A_SCRIPT} -OOM command not allowed when used memory > 'maxmemory'.`, true, true],
    ["READONLY You can't write against a read only replica.", false, true],
    [`${OF_A_SCRIPT} -READONLY You can't write against a read only replica.`, false, true],
    ['MISCONF Redis is configured to save RDB snapshots', false, true],
    ['NOREPLICAS Not enough good replicas to write.', false, true],
    ['Command timed out', false, false],
    ['ERR unknown command', false, false],
  ])('tells a Redis that takes nothing from one that is away: %s', (said, isFull, isUnwritable) => {
    expect([isRedisFull(new Error(said)), isRedisUnwritable(new Error(said))]).toEqual([isFull, isUnwritable]);
  });

  it('of several addresses is that of the first', () => {
    const refused = new AggregateError([new Error('connect ECONNREFUSED ::1:6380'), new Error('other')]);
    expect(describeFailure(refused)).toMatch(/nothing listens there/);
  });
});
