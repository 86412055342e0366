import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describeWithRedis } from '../../../../scripts/test-support/redis.js';
import { until } from '../../../../scripts/test-support/until.js';
import { AuditStack } from '../support/audit-stack.js';
import { untilProbedAs } from '../support/probed.js';
import type { Service } from '../support/service.js';

jest.setTimeout(60_000);

/** Connections that the services may open meanwhile; probes that did would open 1000. */
const MOST_OTHERS = 20;
const PROBES = ['/healthz', '/readyz', '/_health/live', '/_health/ready', '/_health/startup', '/_health/checks/redis'];

describeWithRedis('probes', () => {
  let stack: AuditStack;
  let api: Service;
  let redis: Redis;

  beforeAll(async () => {
    stack = await AuditStack.open({ redis: 'now', postgres: 'now' });
    api = await (await stack.api('api', { REDIS_URL: stack.redis?.url, AUDIT_WORKER: 'in-process' })).start();
    redis = new Redis(stack.redis?.url ?? '');
    await untilProbedAs('none', api.port);
    // What the start needs connections for has them when none is added for a while.
    await until(async () => {
      const before = await seen();
      await sleep(2000);
      return (await seen()) === before;
    });
  });
  afterAll(async () => {
    redis.disconnect();
    await stack.close();
  });

  /** Connections that the services have seen: Redis counts all there ever were, Postgres numbers its processes. */
  async function connections(): Promise<{ redis: number; postgres: number[] }> {
    const received = Number(/total_connections_received:(\d+)/.exec(await redis.info('stats'))?.[1]);
    const rows = await stack.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity
       WHERE backend_type = 'client backend' AND application_name <> 'falcon test' ORDER BY pid`,
    );
    return { redis: received, postgres: rows.map(({ pid }) => pid) };
  }

  const seen = async () => JSON.stringify(await connections());

  it('open no connection, 1000 of each', async () => {
    const before = await connections();
    expect(before.postgres.length).toBeGreaterThan(0);
    for (let round = 0; round < 50; round++) {
      const asked = PROBES.flatMap((path) =>
        Array.from({ length: 20 }, () => fetch(`http://127.0.0.1:${api.port}${path}`)),
      );
      const statuses = (await Promise.all(asked)).map(async (response) => {
        await response.arrayBuffer();
        return response.status;
      });
      expect(new Set(await Promise.all(statuses))).toEqual(new Set([200]));
    }
    const after = await connections();
    // Not none: the queue's worker makes its own anew when the machine has stood still for longer than Redis may.
    expect(after.redis - before.redis).toBeLessThan(MOST_OTHERS);
    expect(after.postgres.filter((pid) => !before.postgres.includes(pid)).length).toBeLessThan(MOST_OTHERS);
  });

  it('answer HEAD, say that nobody should keep the answer, and know no check that there is not', async () => {
    const head = await fetch(`http://127.0.0.1:${api.port}/_health/ready`, { method: 'HEAD' });
    expect([head.status, head.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const unknown = await fetch(`http://127.0.0.1:${api.port}/_health/checks/constructor`);
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({ code: 'ROUTE_NOT_FOUND' });
    for (const probe of ['live', 'ready', 'startup']) {
      const basic = await fetch(`http://127.0.0.1:${api.port}/_ops/${probe}`);
      expect([basic.status, await basic.json()]).toEqual([200, { status: 'ok' }]);
    }
  });
});
