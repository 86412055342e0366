import fc from 'fast-check';
import { nearlyValidValues, validValues, type JsonSchema, type Resolve } from './schema-values.js';

interface Parameter {
  name: string;
  in: 'path' | 'header' | 'query';
  schema: JsonSchema;
}

interface Operation {
  parameters?: (Parameter | { $ref: string })[];
  requestBody?: { content: Record<string, { schema: JsonSchema }> };
}

/** The part of an OpenAPI document that says what a server takes. */
export interface RequestsDocument {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, JsonSchema>; parameters: Record<string, Parameter> };
}

/** A request to send. */
export interface FuzzRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string | Buffer;
}

/** How often a route is asked, against 1 for all others: those that ask models are what the server is for. */
const WEIGHTS: Record<string, number> = { '/infer': 40, '/infer/batch': 15 };
/** What there is under routes with a parameter; the document only says that it is a string. */
const KNOWN_NAMES = ['model', 'model:sentiment', 'redis', 'event_loop', 'spool', 'swagger-ui.css', 'api', 'static'];
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'];

const strangePaths = fc.oneof(
  fc.constantFrom(
    '/..',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/infer/../metrics',
    '//infer',
    '/%00',
    '/%ff',
    '/infer%2fbatch',
    '/*',
  ),
  fc.webPath({ size: 'small' }).map((path) => `/${path.replace(/^\/+/, '')}`),
  fc.string({ maxLength: 30 }).map((name) => `/${encodeURIComponent(name)}`),
);

const strangeHeaders = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '0',
    '-1',
    '1',
    '1e9',
    '99999999999999999999',
    'NaN',
    'null',
    'é',
    'a b',
    'a,b',
    '"',
    '"a',
    '"a"',
  ),
  fc.constantFrom(
    'x'.repeat(255),
    'x'.repeat(256),
    'x'.repeat(2000),
    '__proto__',
    '../..',
    '{}',
    '%00',
    ':'.repeat(50),
  ),
);

const bodiesThatAreNoJson = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '{',
    '{"text":',
    '[',
    'null',
    'NaN',
    '{"text":"a"}{"text":"b"}',
    "{'text':'a'}",
    '\ufeff{"text":"a"}',
  ),
  fc.constantFrom(1000, 100_000).map((depth) => '['.repeat(depth)),
  fc.constantFrom(1000, 100_000).map((depth) => `{"text":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`),
  fc.constantFrom(1_048_576, 1_048_577).map((bytes) => `{"text":"${'x'.repeat(bytes - 11)}"}`),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
);

const MEDIA_TYPES = [
  'text/plain',
  'application/xml',
  'application/json; charset=utf-16',
  'multipart/form-data',
  'x',
  '',
];

/** Requests made of what the document promises to take: valid ones, ones that are wrong in one thing, hostile ones. */
export function fuzzRequests(document: RequestsDocument): fc.Arbitrary<FuzzRequest> {
  const resolve: Resolve = (ref) => document.components.schemas[ref.split('/').at(-1)!]!;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]) => ({
      path,
      method: method.toUpperCase(),
      headers: parameters
        .map((parameter) => found(parameter, document))
        .filter((parameter) => parameter.in === 'header'),
      schema: requestBody?.content['application/json']?.schema,
    })),
  );
  const known = operations.map((operation) => ({
    weight: WEIGHTS[operation.path] ?? 1,
    arbitrary: requestsTo(operation, resolve),
  }));
  const strange = fc.record({
    method: fc.constantFrom(...METHODS),
    path: fc.oneof(strangePaths, fc.constantFrom(...Object.keys(document.paths))),
    headers: fc.constant({}),
  });
  return fc.oneof(...known, { weight: 6, arbitrary: strange });
}

function found(parameter: Parameter | { $ref: string }, { components }: RequestsDocument): Parameter {
  return '$ref' in parameter ? components.parameters[parameter.$ref.split('/').at(-1)!]! : parameter;
}

interface Target {
  path: string;
  method: string;
  headers: Parameter[];
  schema: JsonSchema | undefined;
}

function requestsTo({ path, method, headers, schema }: Target, resolve: Resolve): fc.Arbitrary<FuzzRequest> {
  return fc
    .record({
      names: fc.array(fc.oneof(fc.constantFrom(...KNOWN_NAMES), fc.string({ maxLength: 20 })), {
        minLength: 1,
        maxLength: 1,
      }),
      query: fc.oneof(
        { weight: 9, arbitrary: fc.constant('') },
        fc.webQueryParameters({ size: 'small' }).map((query) => `?${query}`),
      ),
      headers: fc
        .tuple(
          ...headers.map(({ name, schema: values }) =>
            sometimes(headerValues(values, resolve).map((value) => [name, value])),
          ),
        )
        .map((given) => Object.fromEntries(given.filter((header) => header !== undefined))),
      content: schema ? contents(schema, resolve) : fc.constant({}),
    })
    .map(({ names: [name = ''], query, headers: given, content }) => {
      const { type, body } = content as { type?: string; body?: string | Buffer };
      return {
        method,
        path: path.replace(/\{\w+\}/, encodeURIComponent(name)) + query,
        headers: { ...given, ...(type !== undefined && { 'content-type': type }) },
        ...(body !== undefined && { body }),
      };
    });
}

/** Many requests have none of the headers, or hardly any would be right as a whole. */
function sometimes<T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(values, { nil: undefined, freq: 1 });
}

function headerValues(schema: JsonSchema, resolve: Resolve): fc.Arbitrary<string> {
  const valid = validValues(schema, resolve)
    .map(String)
    .filter((value) => /^[\t\x20-\x7e]*$/.test(value));
  return fc.oneof({ weight: 30, arbitrary: valid }, { weight: 1, arbitrary: strangeHeaders });
}

function contents(schema: JsonSchema, resolve: Resolve): fc.Arbitrary<{ type?: string; body?: string | Buffer }> {
  const json = (values: fc.Arbitrary<unknown>) =>
    values.map((value) => ({ type: 'application/json', body: JSON.stringify(value) }));
  const raw = fc.record({
    type: fc.oneof({ weight: 4, arbitrary: fc.constant('application/json') }, fc.constantFrom(...MEDIA_TYPES)),
    body: bodiesThatAreNoJson,
  });
  return fc.oneof(
    { weight: 6, arbitrary: json(validValues(schema, resolve)) },
    { weight: 3, arbitrary: json(nearlyValidValues(schema, resolve)) },
    { weight: 1, arbitrary: raw },
    { weight: 1, arbitrary: fc.constant({}) },
  );
}
