import type { IncomingMessage } from 'node:http';

/** What proxies add; one that adds nothing looks like somebody on its machine. */
const PROXY_HEADERS = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'];

/** Whether an address or host name is this machine's own, so that no other machine can reach or be it. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(host);
}

/**
 * Whether a request was made on this machine by somebody who meant to: the connection comes from loopback, no proxy
 * passed it on, its Host is this machine (a page whose name was rebound to 127.0.0.1 says its own name), and no page
 * of another origin sent it.
 */
export function isFromThisMachine(request: IncomingMessage): boolean {
  const { socket, headers } = request;
  return (
    isLoopback(socket.remoteAddress ?? '') &&
    !PROXY_HEADERS.some((name) => headers[name] !== undefined) &&
    isLoopback(hostName(headers.host)) &&
    (headers.origin === undefined || isLoopback(hostName(URL.parse(headers.origin)?.host))) &&
    !isFromAnotherSite(request)
  );
}

/**
 * Whether a browser sends this for a page of another site. Only over https or to loopback does it name the site, but it
 * always names the origin of what may change something. Ports are not compared: a proxy may drop its own.
 */
export function isFromAnotherSite({ method, headers }: IncomingMessage): boolean {
  const { 'sec-fetch-site': site, origin, host } = headers;
  if (site !== undefined) {
    return site !== 'same-origin' && site !== 'none';
  }
  return (
    method !== 'GET' &&
    method !== 'HEAD' &&
    origin !== undefined &&
    hostName(URL.parse(origin)?.host) !== hostName(host)
  );
}

/** The name in `name:port`, in lower case, an IPv6 address without its brackets. */
function hostName(host = ''): string {
  return host
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1');
}
