import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OpenJob } from './open-job.js';
import { OpenRun } from './open-run.js';

describe('OpenRun', () => {
  let server: Server;

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  async function jobOn(handler: RequestListener, job: Partial<OpenJob> = {}): Promise<OpenJob> {
    server = createServer(handler);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const phases = [{ perSecond: 400, durationMs: 500 }];
    const rest = { phases, criticalShare: 0, timeoutMs: 5000, connections: 500 };
    return { port, path: '/infer', seed: 1, ...rest, ...job };
  }

  it('goes on sending although nothing is answered, and counts from when each request was due', async () => {
    const held: (() => void)[] = [];
    const job = await jobOn((_, response) => {
      held.push(() => response.setHeader('content-length', 0).end());
      // More than could be under way if somebody waited for answers.
      if (held.length >= 100) held.splice(0).forEach((answer) => answer());
    });
    const running = new OpenRun(job).run();
    const release = setInterval(() => held.splice(0).forEach((answer) => answer()), 1000);
    const { phases, slices } = await running;
    clearInterval(release);
    const { all } = phases[0]!;
    expect(all.answered).toBe(all.offered);
    expect(all.offered).toBeGreaterThan(150);
    expect(all.answeredP99Ms).toBeGreaterThan(100);
    expect(slices.reduce((sum, { answered }) => sum + answered, 0)).toBe(all.answered);
  });

  it('tells refused from answered, and critical from others', async () => {
    const job = await jobOn(
      ({ headers }, response) => {
        const isCritical = headers['x-priority'] === 'critical';
        response.writeHead(isCritical ? 200 : 503, { 'content-length': 0 }).end();
      },
      { criticalShare: 0.25 },
    );
    const { all, critical } = (await new OpenRun(job).run()).phases[0]!;
    expect(critical.offered / all.offered).toBeGreaterThan(0.1);
    expect(critical.offered / all.offered).toBeLessThan(0.4);
    expect(critical.answered).toBe(critical.offered);
    expect(all.answered).toBe(critical.answered);
    expect(all.refused).toBe(all.offered - critical.offered);
  });

  it('gives up what is not answered in time, also what found no connection free', async () => {
    const job = await jobOn(() => undefined, { timeoutMs: 100, connections: 2 });
    const { all } = (await new OpenRun(job).run()).phases[0]!;
    expect(all.offered).toBeGreaterThan(100);
    expect(all.timedOut).toBe(all.offered);
  });

  it('counts broken connections and other statuses as failures, and goes on', async () => {
    let turn = 0;
    const job = await jobOn((request, response) => {
      if (turn++ % 2 === 0) request.socket.destroy();
      else response.writeHead(500, { 'content-length': 0 }).end();
    });
    const { all } = (await new OpenRun(job).run()).phases[0]!;
    expect(all.failed).toBe(all.offered);
    expect(turn).toBeGreaterThanOrEqual(all.offered - 1);
  });

  it('keeps the phases apart', async () => {
    const phases = [
      { perSecond: 100, durationMs: 500 },
      { perSecond: 1000, durationMs: 500 },
    ];
    const job = await jobOn((_, response) => response.writeHead(200, { 'content-length': 0 }).end(), { phases });
    const [slow, fast] = (await new OpenRun(job).run()).phases;
    expect(slow!.all.offered).toBeLessThan(150);
    expect(fast!.all.offered).toBeGreaterThan(350);
  });
});
