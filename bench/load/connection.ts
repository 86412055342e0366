import { Socket } from 'node:net';
import type { RequestSource } from './request-source.js';
import { ResponseReader } from './response-reader.js';

/** What a connection tells its load run. */
export interface ConnectionListener {
  /** A request was answered with 200; true asks for the next one. */
  answered(latencyMs: number): boolean;
  /** The connection has no request in flight and will send no more. */
  finished(): void;
  failed(error: Error): void;
}

const READ_BUFFER_BYTES = 64 * 1024;

/** One keep-alive connection that asks, waits for the answer, and asks again. */
export class Connection {
  private readonly reader = new ResponseReader();
  private readonly socket: Socket;
  private sentAtMs = 0;
  private closed = false;

  constructor(
    port: number,
    private readonly source: RequestSource,
    private readonly listener: ConnectionListener,
  ) {
    const buffer = Buffer.allocUnsafe(READ_BUFFER_BYTES);
    // `onread` reuses one buffer; 'data' events would cost an allocation and a stream turn per answer.
    const callback = (bytes: number) => this.received(buffer.subarray(0, bytes));
    this.socket = new Socket({ onread: { buffer, callback } });
    this.socket.setNoDelay(true);
    this.socket.on('error', (error) => this.fail(error));
    this.socket.on('close', () => this.fail(new Error('the server closed the connection')));
    this.socket.connect({ port, host: '127.0.0.1' }, () => this.send());
  }

  private send(): void {
    this.sentAtMs = performance.now();
    this.socket.write(this.source.bytes());
  }

  private received(chunk: Buffer): boolean {
    try {
      const status = this.reader.feed(chunk);
      if (status === 200) this.answered();
      else if (status !== 0) this.fail(new Error(`status ${status} instead of 200: ${chunk.toString()}`));
    } catch (error) {
      this.fail(error as Error);
    }
    return !this.closed;
  }

  private answered(): void {
    if (this.listener.answered(performance.now() - this.sentAtMs)) {
      this.send();
      return;
    }
    this.close();
    this.listener.finished();
  }

  private fail(error: Error): void {
    if (this.closed) return;
    this.close();
    this.listener.failed(error);
  }

  close(): void {
    this.closed = true;
    this.socket.destroy();
  }
}
