import { Socket } from 'node:net';
import { ResponseReader } from './response-reader.js';

/** What a connection tells its load. */
export interface OpenConnectionListener {
  /** The request under way was answered; the connection is free. */
  answered(connection: OpenConnection, status: number): void;
  /** The connection is no more, and what was under way on it has no answer. */
  lost(connection: OpenConnection): void;
}

/** Data is handed over before the next socket is read, so that all connections of the process can share this. */
const READ_BUFFER = Buffer.allocUnsafe(64 * 1024);

/** One keep-alive connection of a pool: it has one request under way, or none. */
export class OpenConnection {
  /** When it was last given a request. */
  usedMs = 0;
  private readonly reader = new ResponseReader();
  private readonly socket: Socket;
  private closed = false;

  constructor(
    port: number,
    private readonly listener: OpenConnectionListener,
  ) {
    const callback = (bytes: number) => this.received(READ_BUFFER.subarray(0, bytes));
    this.socket = new Socket({ onread: { buffer: READ_BUFFER, callback } });
    this.socket.setNoDelay(true);
    this.socket.on('error', () => this.lose());
    this.socket.on('close', () => this.lose());
    this.socket.connect({ port, host: '127.0.0.1' });
  }

  /** `bytes` must stay as they are until the answer. */
  send(bytes: Buffer, nowMs: number): void {
    this.usedMs = nowMs;
    this.socket.write(bytes);
  }

  /** The listener hears nothing more. */
  close(): void {
    this.closed = true;
    this.socket.destroy();
  }

  private received(chunk: Buffer): boolean {
    const status = this.statusOf(chunk);
    if (status === undefined) this.lose();
    else if (status !== 0) this.listener.answered(this, status);
    return !this.closed;
  }

  private statusOf(chunk: Buffer): number | undefined {
    try {
      return this.reader.feed(chunk);
    } catch {
      return undefined; // not an answer that can be counted: the request fails, and its connection with it
    }
  }

  private lose(): void {
    if (this.closed) return;
    this.close();
    this.listener.lost(this);
  }
}
