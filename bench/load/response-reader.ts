const HEAD_END = Buffer.from('\r\n\r\n');
const NOTHING = Buffer.alloc(0);

/** The answer of the server is not one that the load generator can count. */
export class UnreadableResponseError extends Error {
  readonly code = 'UNREADABLE_RESPONSE';
}

/**
 * Finds the end of each HTTP/1.1 response on a connection with one request in flight, by its Content-Length alone.
 * A full parser costs more CPU than the servers that are measured.
 */
export class ResponseReader {
  private head: Buffer = NOTHING;
  private bodyBytesMissing = 0;
  private status = 0;

  /** Takes what has arrived; returns the status once the response is complete, 0 before that. */
  feed(chunk: Buffer): number {
    if (this.bodyBytesMissing > 0) return this.takeBody(chunk.length);
    const bytes = this.head.length === 0 ? chunk : Buffer.concat([this.head, chunk]);
    const headEnd = bytes.indexOf(HEAD_END);
    if (headEnd < 0) {
      this.head = Buffer.from(bytes); // a copy: the chunk's memory is used again for the next one
      return 0;
    }
    this.head = NOTHING;
    this.status = Number(bytes.toString('latin1', 9, 12));
    this.bodyBytesMissing = contentLength(bytes.toString('latin1', 0, headEnd));
    return this.takeBody(bytes.length - headEnd - HEAD_END.length);
  }

  private takeBody(bytes: number): number {
    this.bodyBytesMissing -= bytes;
    if (this.bodyBytesMissing < 0) {
      throw new UnreadableResponseError(`${-this.bodyBytesMissing} bytes more than the Content-Length says`);
    }
    return this.bodyBytesMissing === 0 ? this.status : 0;
  }
}

function contentLength(head: string): number {
  const digits = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (digits === undefined) throw new UnreadableResponseError(`no Content-Length in: ${head}`);
  return Number(digits);
}
