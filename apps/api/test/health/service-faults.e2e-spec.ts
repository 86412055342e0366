import { describeWithRedis } from '../../../../scripts/test-support/redis.js';
import { AuditStack } from '../support/audit-stack.js';
import { untilProbedAs } from '../support/probed.js';
import type { Service } from '../support/service.js';

jest.setTimeout(60_000);

const SETTINGS = {
  AUDIT_WORKER: 'in-process',
  POSTGRES_OPERATION_TIMEOUT_SECONDS: '1',
  REDIS_OPERATION_TIMEOUT_SECONDS: '1',
};

describeWithRedis('the probes of a server whose services are away', () => {
  let stack: AuditStack;
  let api: Service;

  beforeAll(async () => {
    stack = await AuditStack.open({ redis: 'now', postgres: 'now' });
    api = await (await stack.api('api', { REDIS_URL: stack.redis?.url, ...SETTINGS })).start();
  });
  beforeEach(() => untilProbedAs('none', api.port));
  afterEach(async () => {
    stack.redis!.resume();
    await stack.redis!.startAgain();
    stack.postgres!.signal('SIGCONT');
    await stack.postgres!.start();
  });
  afterAll(() => stack.close());

  it('say that Redis is killed, and stay ready', async () => {
    await stack.redis!.kill();
    await untilProbedAs('Redis is killed', api.port);
  });

  it('say that Redis is frozen, and stay ready', async () => {
    stack.redis!.freeze();
    await untilProbedAs('Redis is frozen', api.port);
  });

  it('say that Postgres is killed, and stay ready', async () => {
    await stack.postgres!.kill();
    await untilProbedAs('Postgres is killed', api.port);
  });

  it('say that Postgres is frozen, and stay ready', async () => {
    stack.postgres!.signal('SIGSTOP');
    await untilProbedAs('Postgres is frozen', api.port);
  });
});
