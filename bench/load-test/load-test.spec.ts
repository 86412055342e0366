import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { until } from '../../scripts/test-support/until.js';
import { parseDuration, parseUrl } from './load-test.command.js';
import { judgeLoadTest, renderOutcome } from './load-test-report.js';
import type { MixedRequest } from './mixed-requests.js';
import { VirtualUsers, type Outcome } from './virtual-users.js';

/** Requests among which there are all kinds, and some repeated. */
const ENOUGH = 250;

interface Seen {
  path: string;
  id: string;
  key: string | undefined;
  body: string;
}

describe('VirtualUsers', () => {
  const seen: Seen[] = [];
  let server: Server;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { 'x-request-id': id, 'idempotency-key': key } = request.headers;
    seen.push({ path: request.url!, id: String(id), key: key && String(key), body: await text(request) });
    response.statusCode = seen.length % 10 === 0 ? 503 : 200;
    response.end('{}');
  }

  beforeAll(async () => {
    server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
  });
  afterAll(() => server.close());

  it('ask until they are stopped, and know what became of each request', async () => {
    const answered: MixedRequest[] = [];
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const users = new VirtualUsers({ url, stages: [{ seconds: 3600, users: 40 }], seed: 1 }, (request) =>
      answered.push(request),
    );
    const ended = users.run();
    await until(() => seen.length >= ENOUGH);
    users.stop();
    const outcome = await ended;
    expect(outcome).toMatchObject({ requests: seen.length, answered: answered.length });
    expect(outcome.endings).toEqual({ 200: answered.length, 503: seen.length - answered.length });
    expect(outcome.failedPercent).toBeCloseTo((outcome.endings['503']! / seen.length) * 100);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
  });

  it('ask what users ask: new and popular texts, batches, and the same again with its key', () => {
    const texts = seen.filter(({ path, key }) => path === '/infer' && !key).map(({ body }) => body);
    expect(new Set(texts).size).toBeLessThan(texts.length);
    const batches = seen.filter(({ path }) => path === '/infer/batch');
    expect(batches.length).toBeGreaterThan(0);
    expect((JSON.parse(batches[0]!.body) as { texts: string[] }).texts).toHaveLength(8);
    const byKey = Map.groupBy(
      seen.filter(({ key }) => key),
      ({ key }) => key,
    );
    const pairs = [...byKey.values()].filter(({ length }) => length === 2);
    expect(pairs.length).toBeGreaterThan(0); // of some, the end came before the second
    for (const [first, second] of pairs) expect(second!.body).toBe(first!.body);
  });

  it('ask no more when they are stopped', async () => {
    const users = new VirtualUsers({
      url: new URL('http://127.0.0.1:9'),
      stages: [{ seconds: 3600, users: 1 }],
      seed: 1,
    });
    const ended = users.run();
    users.stop();
    expect((await ended).requests).toBe(1);
  });

  it('ask for as long as they are told, and say that nobody answered', async () => {
    const plan = { url: new URL('http://127.0.0.1:9'), stages: [{ seconds: 0.2, users: 1 }], seed: 1 };
    const { endings, seconds } = await new VirtualUsers(plan).run();
    expect(Object.keys(endings)).toEqual(['ECONNREFUSED']);
    expect(seconds).toBeGreaterThanOrEqual(0.2);
  });
});

describe('judgeLoadTest', () => {
  const outcome: Outcome = {
    seconds: 10,
    requests: 100,
    answered: 96,
    failedPercent: 4,
    endings: { 200: 96, 429: 4 },
    p50Ms: 10,
    p95Ms: 900,
    p99Ms: 5000,
    maxMs: 6000,
  };

  it('breaks a limit that is reached, and keeps the others', () => {
    const kept = (limits: Parameters<typeof judgeLoadTest>[1], of = outcome) =>
      judgeLoadTest(of, limits).map((verdict) => verdict.kept);
    expect(kept({ p95Ms: 901, p99Ms: 5001, failedPercent: 5 })).toEqual([true, true, true]);
    expect(kept({ p95Ms: 900, p99Ms: 5000, failedPercent: 4 })).toEqual([false, false, false]);
    const unanswered = { ...outcome, answered: 0, failedPercent: 100, p95Ms: Number.NaN };
    expect(kept({ p95Ms: 1000, failedPercent: 5 }, unanswered)).toEqual([false, false]);
  });

  it('says whose doing a 429 is', () => {
    expect(renderOutcome('baseline', outcome)).toMatch(/200: 96, 429: 4.*RATE_LIMIT_ENABLED=false/s);
  });
});

describe('parseUrl', () => {
  it.each(['nowhere', 'localhost:8000', 'http://someone:hunter2@127.0.0.1:8000'])('refuses "%s"', (written) => {
    expect(() => parseUrl(written)).toThrow(/^(?!.*hunter2)It /);
  });
});

describe('parseDuration', () => {
  it.each([
    ['30s', 30],
    ['5m', 300],
    ['1h', 3600],
    ['90', 90],
  ])('reads %s', (written, seconds) => {
    expect(parseDuration(written)).toBe(seconds);
  });

  it.each(['', '0', '5d', '-1s', 'soon'])('refuses "%s"', (written) => {
    expect(() => parseDuration(written)).toThrow(/such as 30s/);
  });
});
