import type { Role } from '@app/ops';

/** What a route asks of its caller. */
export type Access = 'open' | Role;

/** Probes, and what Falcon says of itself. A path that ends in a slash stands for all below it. */
const OPEN = ['/', '/healthz', '/readyz', '/_ops/', '/_health/', '/openapi.json', '/docs', '/docs/'];
const OF_ROLE: readonly (readonly [path: string, role: Role])[] = [
  ['/infer', 'infer'],
  ['/infer/', 'infer'],
  ['/metrics', 'metrics'],
];

/** What a registered route asks of its caller: a route that nobody thought of is for operators. */
export function accessOf(route: string): Access {
  if (OPEN.some((path) => isAt(route, path))) {
    return 'open';
  }
  return OF_ROLE.find(([path]) => isAt(route, path))?.[1] ?? 'admin';
}

function isAt(route: string, path: string): boolean {
  return route === path || (path !== '/' && path.endsWith('/') && route.startsWith(path));
}
