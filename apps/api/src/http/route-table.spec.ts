import { RouteTable } from './route-table.js';

describe('RouteTable', () => {
  const routes = new RouteTable();
  routes.add('/infer', ['POST']);
  routes.add('/healthz', ['GET']);
  routes.add('/healthz', ['HEAD']);

  it('tells a path that nobody registered from a method that the path does not take', () => {
    expect(routes.refusal('GET', '/nowhere')).toMatchObject({ code: 'ROUTE_NOT_FOUND' });
    expect(routes.refusal('POST', '/healthz')).toMatchObject({
      code: 'METHOD_NOT_ALLOWED',
      message: 'This route takes GET, HEAD, not POST.',
      extras: { headers: { Allow: 'GET, HEAD' } },
    });
  });

  it('lets no name of an inherited property pass for a path', () => {
    expect(routes.refusal('GET', '__proto__')).toMatchObject({ code: 'ROUTE_NOT_FOUND' });
  });
});
