import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { HttpError } from '../http-errors.js';

/** Bodies that are not longer are left out: the headers before them may have taken as much. */
const SMALL_BYTES = 16_384;
/** What a piece of a body takes in memory besides its bytes. */
const PIECE_BYTES = 256;
const MAX_BYTES = 67_108_864;

/** Bounds what unfinished bodies take in memory together. The oldest gives way: slow clients, however many, keep nobody out. */
export function boundUnfinishedBodies(server: FastifyInstance): void {
  const bodies = new UnfinishedBodies();
  server.addHook('preParsing', ({ headers }, _reply, body, done) => {
    if (Number(headers['content-length']) > SMALL_BYTES || headers['transfer-encoding'] !== undefined) {
      bodies.count(body);
    }
    done(null, body);
  });
}

class UnfinishedBodies {
  /** What came of each, the oldest first. */
  private readonly bytes = new Map<Readable, number>();
  private sum = 0;

  count(body: Readable): void {
    body.on('data', (piece: Buffer) => this.add(body, piece.length + PIECE_BYTES));
    for (const end of ['end', 'error', 'close']) {
      body.on(end, () => this.forget(body));
    }
  }

  private add(body: Readable, more: number): void {
    // Nobody else listens, and so nobody keeps it: it is a GET's, of another media type, too long, or has given way.
    if (body.listenerCount('data') === 1) {
      this.forget(body);
      return;
    }
    this.bytes.set(body, (this.bytes.get(body) ?? 0) + more);
    this.sum += more;
    while (this.sum > MAX_BYTES) {
      const [oldest = body] = this.bytes.keys();
      // Not destroyed, which would be the end of its connection, too: whoever reads it answers as to any failure of it.
      oldest.emit('error', new HttpError('OVERLOADED', 'The server has enough bodies to read; this one took longest.'));
    }
  }

  private forget(body: Readable): void {
    this.sum -= this.bytes.get(body) ?? 0;
    this.bytes.delete(body);
  }
}
