import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isFromAnotherSite, isFromThisMachine, isLoopback } from './loopback.js';

describe('isLoopback', () => {
  it.each(['localhost', '::1', '127.0.0.1', '127.1.2.3', '::ffff:127.0.0.1'])('knows %s', (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  it.each(['', '0.0.0.0', '10.0.0.1', '::ffff:10.0.0.1', '127.0.0.1.evil.example', 'localhost.evil.example', '::'])(
    'is not taken in by %j',
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );
});

describe('isFromThisMachine', () => {
  function request(headers: IncomingHttpHeaders, remoteAddress = '127.0.0.1'): IncomingMessage {
    return { socket: { remoteAddress }, headers: { host: '127.0.0.1:8000', ...headers } } as IncomingMessage;
  }

  it.each([
    ['curl on this machine', {}],
    ['a browser by another name of it', { host: 'localhost:8000', 'sec-fetch-site': 'none' }],
    ['whoever writes it otherwise', { host: 'LocalHost:8000' }],
    ['over IPv6', { host: '[::1]:8000' }],
    ['the page itself', { origin: 'http://127.0.0.1:8000', 'sec-fetch-site': 'same-origin' }],
  ])('lets in %s', (_, headers) => {
    expect(isFromThisMachine(request(headers))).toBe(true);
  });

  it.each([
    ['what a proxy passed on', { 'x-forwarded-for': '10.0.0.7' }],
    ['what a proxy passed on by the standard', { forwarded: 'for=10.0.0.7' }],
    ['what a proxy says it passed on', { via: '1.1 proxy' }],
    ['what a proxy that ends TLS passed on', { 'x-forwarded-proto': 'https' }],
    ['what a proxy passed on for another host', { 'x-forwarded-host': 'falcon.example' }],
    ['a name that was rebound to this machine', { host: 'evil.example:8000' }],
    ['a page of another origin', { origin: 'https://evil.example' }],
    ['a page without an origin of its own', { origin: 'null' }],
    ['a page of another site', { 'sec-fetch-site': 'cross-site' }],
    ['a request without a host', { host: undefined }],
  ])('keeps out %s', (_, headers) => {
    expect(isFromThisMachine(request(headers))).toBe(false);
  });

  it('keeps out another machine', () => {
    expect(isFromThisMachine(request({}, '10.0.0.7'))).toBe(false);
  });
});

describe('isFromAnotherSite', () => {
  const isIt = (method: string, headers: IncomingHttpHeaders) =>
    isFromAnotherSite({ method, headers: { host: 'falcon.example:8000', ...headers } } as IncomingMessage);

  it.each([
    ['POST', {}],
    ['POST', { origin: 'http://falcon.example:8000' }],
    ['PUT', { origin: 'http://falcon.example:8080', host: 'falcon.example' }],
    ['POST', { origin: 'https://behind.a.proxy', 'sec-fetch-site': 'same-origin' }],
    ['GET', { origin: 'http://evil.example' }],
  ])('takes %s with %j for one of its own', (method, headers) => expect(isIt(method, headers)).toBe(false));

  it.each([
    ['POST', { origin: 'http://evil.example' }],
    ['POST', { origin: 'null' }],
    ['GET', { 'sec-fetch-site': 'cross-site' }],
    ['POST', { 'sec-fetch-site': 'same-site' }],
  ])("takes %s with %j for another's", (method, headers) => expect(isIt(method, headers)).toBe(true));
});
