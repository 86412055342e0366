import { accessOf } from './access.js';

describe('accessOf', () => {
  it.each(['/', '/healthz', '/readyz', '/_ops/live', '/_health/checks/:name', '/docs', '/docs/:file', '/openapi.json'])(
    'leaves %s open',
    (route) => expect(accessOf(route)).toBe('open'),
  );

  it.each([
    ['/infer', 'infer'],
    ['/infer/batch', 'infer'],
    ['/metrics', 'metrics'],
    ['/admin/queues', 'admin'],
    ['/admin/queues/*', 'admin'],
  ])('asks for a role at %s', (route, role) => expect(accessOf(route)).toBe(role));

  it.each(['/debug', '/inference', '/metrics/all', '/docsx', '/healthz/x', '//', '/_opsx', '*'])(
    'gives %s, of which nobody thought, to operators',
    (route) => expect(accessOf(route)).toBe('admin'),
  );
});
