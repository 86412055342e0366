import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from './until.js';

const POLL_MS = 100;
const POLL_TIMEOUT_MS = 1000;

interface Upstream {
  port: number;
  isReady: boolean;
  /** Connections that are kept; requests go over those that the server has not closed. */
  agent: Agent;
}

/**
 * A small load balancer: requests go in turn to the servers whose `/readyz` is 200, and wait while there is none. It never
 * sends a request twice: what an upstream does not answer is 502 for the client.
 */
export class RoundRobinProxy {
  /** How many answers came from each upstream. */
  readonly answers = new Map<number, number>();
  private readonly upstreams: readonly Upstream[];
  private readonly server = createServer((incoming, outgoing) => void this.pass(incoming, outgoing));
  private readonly stopping = new AbortController();
  private next = 0;

  private constructor(ports: readonly number[]) {
    this.upstreams = ports.map((port) => ({ port, isReady: false, agent: new Agent({ keepAlive: true }) }));
  }

  /** Listens on a free port once every upstream was asked. */
  static async start(ports: readonly number[]): Promise<RoundRobinProxy> {
    const proxy = new RoundRobinProxy(ports);
    await Promise.all(proxy.upstreams.map((upstream) => proxy.poll(upstream)));
    proxy.upstreams.forEach((upstream) => void proxy.keepPolling(upstream));
    await once(proxy.server.listen(0, '127.0.0.1'), 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.stopping.abort();
    this.server.closeAllConnections();
    this.server.close();
    this.upstreams.forEach(({ agent }) => agent.destroy());
    await once(this.server, 'close');
  }

  private async pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const upstream = this.choose() ?? (await until(() => this.choose(), { timeoutMs: 10_000 }).catch(() => undefined));
    if (!upstream) {
      refuse(outgoing, 'no upstream is ready');
      return;
    }
    const { port, agent } = upstream;
    const { method, url, headers } = incoming;
    const passed = httpRequest({ host: '127.0.0.1', port, method, path: url, headers, agent }, (answer) => {
      this.answers.set(port, (this.answers.get(port) ?? 0) + 1);
      const { connection: _connection, 'keep-alive': _keepAlive, ...kept } = answer.headers;
      outgoing.writeHead(answer.statusCode ?? 502, kept);
      answer.pipe(outgoing);
      answer.once('error', () => outgoing.destroy());
    });
    passed.once('error', (error) => refuse(outgoing, `port ${port}: ${error.message}`));
    incoming.pipe(passed);
  }

  private choose(): Upstream | undefined {
    const ready = this.upstreams.filter(({ isReady }) => isReady);
    return ready[this.next++ % ready.length];
  }

  private async keepPolling(upstream: Upstream): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await sleep(POLL_MS);
      await this.poll(upstream);
    }
  }

  private async poll(upstream: Upstream): Promise<void> {
    try {
      const signal = AbortSignal.timeout(POLL_TIMEOUT_MS);
      const answer = await fetch(`http://127.0.0.1:${upstream.port}/readyz`, { signal });
      await answer.body?.cancel();
      upstream.isReady = answer.ok;
    } catch {
      upstream.isReady = false;
    }
  }
}

function refuse(outgoing: ServerResponse, why: string): void {
  if (outgoing.headersSent) {
    outgoing.destroy();
  } else {
    outgoing.writeHead(502, { 'content-type': 'application/json' }).end(JSON.stringify({ code: 'PROXY', why }));
  }
}
