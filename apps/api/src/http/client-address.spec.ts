import type { FastifyRequest } from 'fastify';
import { clientAddress } from './client-address.js';

const addressOf = (ip: string | undefined, remoteAddress: string | undefined) =>
  clientAddress({ ip, raw: { socket: { remoteAddress } } } as FastifyRequest);

describe('clientAddress', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['2001:db8::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
  ])('of %s is %s', (ip, address) => {
    expect(addressOf(ip, '10.0.0.1')).toBe(address);
  });

  it.each(['unknown', '_hidden', '203.0.113.9:4711', '', "'; drop table inference_logs; --"])(
    'is that of the proxy when it wrote %j',
    (ip) => {
      expect(addressOf(ip, '::ffff:10.0.0.1')).toBe('10.0.0.1');
    },
  );

  it('is not known when the connection is gone', () => {
    expect(addressOf(undefined, undefined)).toBeUndefined();
    expect(addressOf('203.0.113.9', undefined)).toBeUndefined();
  });
});
