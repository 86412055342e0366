import type { FastifyReply, FastifyRequest } from 'fastify';

const PREFLIGHT_HEADERS = {
  'Access-Control-Allow-Methods': 'GET, POST, PUT, DELETE',
  'Access-Control-Allow-Headers':
    'Authorization, Content-Type, Idempotency-Key, Traceparent, Tracestate, X-API-Key, X-Allow-Degraded, X-Idempotency-Key, X-Priority, X-Request-ID, X-Request-Timeout-Ms, X-Tenant-ID',
  'Access-Control-Max-Age': '600',
};
const EXPOSED =
  'Idempotency-Status, RateLimit, RateLimit-Policy, Retry-After, Traceparent, WWW-Authenticate, X-Falcon-Mode, X-Request-ID';

/**
 * Lets pages of the listed origins read answers. A key is a header that a page sets itself, so cookies and passwords of the
 * browser stay out (no `Access-Control-Allow-Credentials`).
 */
export class Cors {
  constructor(private readonly origins: ReadonlySet<string>) {}

  /** Returns whether the request was a question of the browser's own, and is answered. */
  answer({ method, headers }: FastifyRequest, reply: FastifyReply): boolean {
    const { origin } = headers;
    void reply.header('Vary', 'Origin'); // what a cache keeps for one origin is not for another
    if (origin === undefined || !this.origins.has(origin)) {
      return false;
    }
    void reply.header('Access-Control-Allow-Origin', origin).header('Access-Control-Expose-Headers', EXPOSED);
    if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) {
      return false;
    }
    void reply.code(204).headers(PREFLIGHT_HEADERS).send();
    return true;
  }
}
