import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LoadJob } from './load-job.js';
import { LoadRun } from './load-run.js';

describe('LoadRun', () => {
  let server: Server;

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  async function listen(handler: RequestListener): Promise<number> {
    server = createServer(handler);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }

  const job = (port: number, until: LoadJob['until']): LoadJob => {
    return { port, path: '/infer', connections: 4, texts: 'different', seed: 1, warmupMs: 0, until };
  };

  it('sends different texts on all connections until the wanted number is answered', async () => {
    const texts = new Set<string>();
    const sockets = new Set<unknown>();
    const port = await listen((request, response) => {
      sockets.add(request.socket);
      request.setEncoding('utf8').on('data', (body: string) => {
        texts.add((JSON.parse(body) as { text: string }).text);
        response.setHeader('content-length', 2).end('{}');
      });
    });
    const run = new LoadRun(job(port, { requests: 500 }));
    const result = await run.measure(() => undefined);
    await run.drain();
    expect(result.requests).toBe(500);
    expect(texts.size).toBeGreaterThanOrEqual(500);
    expect(sockets.size).toBe(4);
    expect(result.p50Ms).toBeLessThanOrEqual(result.p99Ms);
    expect(result.p99Ms).toBeLessThanOrEqual(result.maxMs);
  });

  it('measures what the server takes', async () => {
    const delayMs = 30;
    const port = await listen((_, response) =>
      setTimeout(() => response.setHeader('content-length', 0).end(), delayMs),
    );
    const run = new LoadRun(job(port, { requests: 20 }));
    const result = await run.measure(() => undefined);
    await run.drain();
    expect(result.p50Ms).toBeGreaterThanOrEqual(delayMs - 1);
    expect(result.durationMs).toBeGreaterThanOrEqual((20 / 4) * (delayMs - 1));
  });

  it('fails on an answer that is not 200', async () => {
    const port = await listen((_, response) => response.writeHead(503, { 'content-length': 5 }).end('sorry'));
    const run = new LoadRun(job(port, { requests: 10 }));
    await expect(run.measure(() => undefined)).rejects.toThrow('status 503 instead of 200');
  });

  it('fails when the server closes a connection', async () => {
    const port = await listen((request) => request.socket.destroy());
    const run = new LoadRun(job(port, { durationMs: 1000 }));
    await expect(run.measure(() => undefined)).rejects.toThrow(/closed the connection|ECONNRESET|EPIPE/);
  });
});
