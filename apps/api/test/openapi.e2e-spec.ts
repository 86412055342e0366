import { Validator } from '@seriousme/openapi-schema-validator';
import type { OpenApiDocument } from './support/api-contract.js';
import { startWithClient, stop, type Running } from './support/running.js';

describe('GET /openapi.json', () => {
  let running: Running;
  let document: OpenApiDocument;

  beforeAll(async () => {
    running = await startWithClient({ LOG_LEVEL: 'DEBUG' });
    document = (await running.client.get('/openapi.json')).json as unknown as OpenApiDocument;
  });
  afterAll(() => stop(running));

  it('is a valid OpenAPI 3.1 document', async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate({ ...structuredClone(document) });
    expect(errors ?? []).toEqual([]);
    expect([valid, validator.version]).toEqual([true, '3.1']);
  });

  it('has every route that is mapped, and no other', () => {
    const mapped = running.falcon
      .logs()
      .map(({ message }) => /^Mapped \{([^,]+), ([A-Z]+)\} route$/.exec(message))
      .filter((match) => match !== null)
      .map(([, path = '', method = '']) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}').replace(/\*$/, '{path}')}`);
    const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(mapped.length).toBeGreaterThan(5);
    expect(documented.toSorted()).toEqual(mapped.toSorted());
  });
});
