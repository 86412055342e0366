/**
 * On every answer: a browser takes it for what it is declared to be, and no cache keeps it. In lower case, as Fastify sends
 * all of them: it need not make these names anew for each request.
 */
export const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
} as const;

/** On pages, besides: they run and load nothing but what Falcon serves, in no other page's frame. */
export const PAGE_HEADERS = {
  'Content-Security-Policy':
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
} as const;
