import { HttpError } from '../http-errors.js';

/** Knows which methods each registered path takes, to tell a wrong method from a wrong path. */
export class RouteTable {
  private readonly methodsByPath = new Map<string, Set<string>>();

  add(path: string, methods: readonly string[]): void {
    const known = this.methodsByPath.get(path) ?? new Set();
    methods.forEach((method) => known.add(method));
    this.methodsByPath.set(path, known);
  }

  /** What to answer to a request that no route took. */
  refusal(method: string, path: string): HttpError {
    const methods = this.methodsOf(path);
    if (!methods || methods.has(method)) {
      return new HttpError('ROUTE_NOT_FOUND', 'There is no such route.');
    }
    const allowed = [...methods].toSorted().join(', ');
    return new HttpError('METHOD_NOT_ALLOWED', `This route takes ${allowed}, not ${method}.`, {
      headers: { Allow: allowed },
    });
  }

  private methodsOf(path: string): Set<string> | undefined {
    return this.methodsByPath.get(path) ?? [...this.methodsByPath].find(([route]) => isOfRoute(path, route))?.[1];
  }
}

/** Whether a path fits a route with parameters such as `/breakers/:name/reset`. */
function isOfRoute(path: string, route: string): boolean {
  const parts = path.split('/');
  const wanted = route.split('/');
  return (
    parts.length === wanted.length &&
    wanted.every((part, k) => (part.startsWith(':') ? parts[k] !== '' : part === parts[k]))
  );
}
