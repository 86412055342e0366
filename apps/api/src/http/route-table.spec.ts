import { RouteTable } from './route-table.js';

describe('RouteTable', () => {
  const routes = new RouteTable();
  routes.add('/infer', ['POST']);
  routes.add('/healthz', ['GET']);
  routes.add('/healthz', ['HEAD']);
  routes.add('/breakers/:name/reset', ['POST']);

  it('tells a path that nobody registered from a method that the path does not take', () => {
    expect(routes.refusal('GET', '/nowhere')).toMatchObject({ code: 'ROUTE_NOT_FOUND' });
    expect(routes.refusal('POST', '/healthz')).toMatchObject({
      code: 'METHOD_NOT_ALLOWED',
      message: 'This route takes GET, HEAD, not POST.',
      extras: { headers: { Allow: 'GET, HEAD' } },
    });
  });

  it('knows the paths of a route with a parameter', () => {
    expect(routes.refusal('GET', '/breakers/cache/reset')).toMatchObject({ extras: { headers: { Allow: 'POST' } } });
    expect(routes.refusal('POST', '/breakers/none/reset')).toMatchObject({ code: 'ROUTE_NOT_FOUND' }); // its handler knows no such thing
    for (const path of ['/breakers//reset', '/breakers/reset', '/breakers/a/b/reset', '/breakers/cache/reset/']) {
      expect(routes.refusal('GET', path)).toMatchObject({ code: 'ROUTE_NOT_FOUND' });
    }
  });

  it('lets no name of an inherited property pass for a path', () => {
    expect(routes.refusal('GET', '__proto__')).toMatchObject({ code: 'ROUTE_NOT_FOUND' });
  });
});
