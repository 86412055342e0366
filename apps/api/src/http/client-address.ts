import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

/**
 * Address of the client, as Postgres takes it: IPv4 without its IPv6 wrapping, IPv6 without its zone. X-Forwarded-For counts as
 * far as it was written by trusted proxies; where they wrote something that is no address, it is that of the last proxy.
 * Undefined when the connection is gone.
 */
export function clientAddress(request: Pick<FastifyRequest, 'raw' | 'ip'>): string | undefined {
  const peer = request.raw.socket.remoteAddress;
  const address = peer === undefined || isIP(request.ip) === 0 ? peer : request.ip;
  return address?.includes(':') ? address.replace(/^::ffff:(?=\d+\.)/, '').replace(/%.*$/, '') : address;
}
