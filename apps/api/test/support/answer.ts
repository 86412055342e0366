import type { IncomingHttpHeaders } from 'node:http';

/** What came back. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** The body, parsed; undefined when it is not JSON. */
  json: Record<string, unknown>;
}
