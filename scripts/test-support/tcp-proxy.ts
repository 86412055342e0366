import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Stands between a client and servers of this machine: makes answers late, and leads to another server after a failover. */
export class TcpProxy {
  /** What every answer is late by, from now on. */
  delayMs = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    /** Where new connections lead; those that there are stay. */
    public targetPort: number,
  ) {
    server.on('connection', (client: Socket) => this.join(client));
  }

  /** Listens on a free port. */
  static async start(targetPort: number): Promise<TcpProxy> {
    const server = createServer({ noDelay: true });
    const proxy = new TcpProxy(server, targetPort);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Breaks all connections and listens no more. */
  async stop(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.sockets.forEach((socket) => socket.destroy());
    await closed;
  }

  private join(client: Socket): void {
    const server = connect({ port: this.targetPort, host: '127.0.0.1', noDelay: true });
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(socket);
      socket.on('error', () => undefined); // its end follows
      socket.once('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
    client.on('data', (chunk) => server.write(chunk));
    this.passLate(server, client);
  }

  /** Keeps the order of what comes, also when the delay is made shorter. */
  private passLate(from: Socket, to: Socket): void {
    let lastDueMs = 0;
    from.on('data', (chunk) => {
      lastDueMs = Math.max(lastDueMs, performance.now() + this.delayMs);
      const waitMs = lastDueMs - performance.now();
      if (waitMs < 1) {
        to.write(chunk);
      } else {
        setTimeout(() => to.writable && to.write(chunk), Math.ceil(waitMs));
      }
    });
  }
}
