import fc from 'fast-check';
import { makeDataDir } from '../../../../libs/audit-log/test-support/data-dir.js';
import { startWithClient, stop, type Running } from '../support/running.js';
import { fuzzRequests, type FuzzRequest, type RequestsDocument } from './fuzz-requests.js';

/** FUZZ_REQUESTS=100000 FUZZ_SEED=$RANDOM tries others; a seed gives the same requests again. */
const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? 20_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_121);
const AT_ONCE = 32;
/** Operators' routes are among those asked: what they switch off is switched on again after so many requests. */
const ROUND = 100;
const MOST_SHOWN = 10;
const MIB = 2 ** 20;

describe(`${REQUESTS} requests made of the OpenAPI document, seed ${SEED}`, () => {
  const dataDir = makeDataDir();
  const statuses = new Map<number, number>();
  /** The last of each kind. */
  const broken = new Map<string, string>();
  const memory: number[] = [];
  let running: Running;

  beforeAll(async () => {
    running = await startWithClient({
      DATA_DIR: dataDir,
      AUDIT_DURABILITY: 'process',
      CACHE_ENABLED: 'true',
      LOAD_SHEDDING: 'adaptive',
      RATE_LIMIT_ENABLED: 'true',
      RATE_LIMIT_PER_MINUTE: '100000000',
      RATE_LIMIT_BURST: '1000000',
    });
    const document = (await running.client.get('/openapi.json')).json as unknown as RequestsDocument;
    const requests = fc.sample(fuzzRequests(document), { numRuns: REQUESTS, seed: SEED });
    for (let from = 0; from < REQUESTS; from += ROUND) {
      await sendAll(requests.slice(from, from + ROUND));
      await putBack();
      memory.push(await metric('memory_usage_bytes'));
    }
  }, 600_000);
  afterAll(() => stop(running), 30_000);

  async function sendAll(requests: FuzzRequest[]): Promise<void> {
    const waiting = requests[Symbol.iterator]();
    const caller = async (): Promise<void> => {
      for (const request of waiting) await sendOne(request);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, caller));
  }

  /** The client holds every answer against the document. */
  async function sendOne({ method, path, ...asked }: FuzzRequest): Promise<void> {
    try {
      const { status, text } = await running.client.send(method, path, asked);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status === 500) throw new Error(`500: ${text}`);
    } catch (error) {
      const sent = JSON.stringify({ method, path, ...asked }).slice(0, 500);
      const what = error instanceof Error ? error.message : String(error);
      broken.set(what.slice(0, 100), `${what}\n  ${sent}`.slice(0, 1500));
    }
  }

  async function putBack(): Promise<void> {
    await running.client.send('PUT', '/admin/maintenance', {
      headers: { 'content-type': 'application/json' },
      body: '{"on":false}',
    });
    const { json } = await running.client.get('/admin/breakers');
    for (const { name } of json['breakers'] as { name: string }[]) {
      await running.client.send('POST', `/admin/breakers/${name}/reset`);
    }
  }

  async function metric(name: string): Promise<number> {
    const { text } = await running.client.get('/metrics');
    const values = [...text.matchAll(new RegExp(`^${name}\\{.*\\} (\\S+)$`, 'gm'))].map(([, value]) => Number(value));
    return values.reduce((sum, value) => sum + value, 0);
  }

  it('get answers that the document promises, and never a 500', () => {
    expect([...broken.values()].slice(0, MOST_SHOWN)).toEqual([]);
  });

  it('are of every kind: answered, and refused for each reason', () => {
    expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 400, 404, 405, 413, 415, 422]));
    expect(statuses.get(200)).toBeGreaterThan(REQUESTS / 4);
  });

  it('leave a server that answers, and has logged no error', async () => {
    expect((await running.client.infer({ text: 'a good day' })).status).toBe(200);
    const errors = running.falcon.logs().filter(({ level }) => level === 'ERROR' || level === 'CRITICAL');
    expect(errors.slice(0, MOST_SHOWN)).toEqual([]);
    expect(running.falcon.process.exitCode).toBeNull();
  });

  it('leave nothing under way', async () => {
    expect(await metric('inflight_requests')).toBe(0);
    expect(await metric('inference_queue_depth')).toBe(0);
    expect(await metric('http_requests_in_progress')).toBe(1); // this one
  });

  it('leave no memory behind', () => {
    const settled = memory.slice(Math.floor(memory.length / 3));
    const half = Math.floor(settled.length / 2);
    const least = (sizes: number[]): number => Math.min(...sizes) / MIB;
    expect(least(settled.slice(half)) - least(settled.slice(0, half))).toBeLessThan(150); // garbage comes and goes
    expect(Math.max(...memory) / MIB).toBeLessThan(1024);
  });
});
