import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { HTTP_ERRORS } from '../http-errors.js';
import { exchangeOf } from './exchange.js';
import { pathOf } from './problem.filter.js';
import { PROBLEM_TYPE, problemBody, type Failure } from './problem.js';
import { SECURITY_HEADERS } from './security-headers.js';

/** What Node's HTTP parser reports of a connection. */
export interface ConnectionError extends Error {
  code?: string;
}

const FAILURES: Record<string, Failure> = {
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'BODY_TIMEOUT', detail: 'The request was not sent in time.' },
  HPE_HEADER_OVERFLOW: { code: 'HEADERS_TOO_LARGE', detail: 'The headers are larger than 16384 bytes.' },
};
const NOT_HTTP: Failure = { code: 'BAD_REQUEST', detail: 'The request is not valid HTTP.' };

/** The connection, and the response to the request it is busy with, which Node keeps to itself. */
export type BusySocket = Socket & { _httpMessage?: ServerResponse | null };

/**
 * Answers what never became a whole request (not HTTP, headers too large, not sent in time) on the raw
 * socket, and closes it. Returns the status of the answer, or nothing when there was nobody to answer.
 */
export function answerConnectionError(error: ConnectionError, socket: BusySocket): number | undefined {
  const response = socket._httpMessage;
  // Bytes written into the middle of an answer would be read as part of it.
  if (error.code === 'ECONNRESET' || !socket.writable || response?.headersSent) {
    socket.destroy();
    return undefined;
  }
  // The request under way is whole, and what is behind it is not: it has its own answer, with which the connection ends.
  if (response?.req.complete) {
    response.shouldKeepAlive = false;
    return undefined;
  }
  const failure = FAILURES[error.code ?? ''] ?? NOT_HTTP;
  const { status } = HTTP_ERRORS[failure.code];
  const exchange = response ? exchangeOf(response) : undefined;
  if (exchange) {
    exchange.failure = failure;
  }
  const request = exchange?.request;
  const requestId = request?.id ?? randomUUID();
  const body = problemBody(failure, pathOf(request?.raw.url), requestId);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-ID: ${requestId}`,
    ...Object.entries(SECURITY_HEADERS).map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ];
  // Destroyed once sent: a client that never closes its half must not keep the socket.
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
  return status;
}
