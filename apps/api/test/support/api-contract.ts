import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Answer } from './answer.js';

interface ResponseObject {
  headers?: Record<string, { required?: boolean; schema: object }>;
  content?: Record<string, { schema?: object }>;
}

/** The part of an OpenAPI document that the tests hold answers against. */
export interface OpenApiDocument {
  paths: Record<string, Record<string, { responses: Record<string, ResponseObject> }>>;
  components: { schemas: Record<string, object> };
}

const PROBLEM = '#/components/schemas/Problem';

/** What is of HTTP, of caches and of browsers, on whatever route. */
const GENERAL_HEADERS = new Set([
  'access-control-allow-origin',
  'access-control-expose-headers',
  'cache-control',
  'connection',
  'content-length',
  'content-security-policy',
  'content-type',
  'date',
  'keep-alive',
  'referrer-policy',
  'transfer-encoding',
  'vary',
  'x-content-type-options',
]);

/** Holds answers against the OpenAPI document. */
export class ApiContract {
  private readonly ajv = new Ajv2020({ allErrors: true, strict: false });
  private readonly validators = new Map<string, ValidateFunction>();

  constructor(readonly document: OpenApiDocument) {
    addFormats.default(this.ajv);
    this.ajv.addSchema({ $id: 'openapi', components: document.components });
  }

  /** @throws {Error} that says which promise the answer breaks. */
  check(method: string, path: string, answer: Answer): void {
    const promised = this.promised(method, path, answer.status);
    const where = `${method} ${path} answered ${answer.status}`;
    const mediaType = answer.headers['content-type']?.split(';')[0] ?? 'none';
    if (!promised) {
      this.checkUnroutable(where, mediaType, answer);
      return;
    }
    if (!promised.content) {
      return; // what comes from elsewhere and is handed through
    }
    const media = promised.content[mediaType];
    if (!media) {
      throw new Error(`${where} with the undocumented media type ${mediaType}`);
    }
    checkHeaders(where, promised.headers ?? {}, answer);
    if (media.schema && mediaType.endsWith('json')) {
      this.checkBody(where, media.schema, answer.json);
    }
  }

  /** What no route took is 404 or 405, which no path of the document can promise. */
  private checkUnroutable(where: string, mediaType: string, answer: Answer): void {
    if (![400, 404, 405].includes(answer.status) || mediaType !== 'application/problem+json') {
      throw new Error(`${where} (${mediaType}), which the document does not promise: ${answer.text}`);
    }
    this.checkBody(where, { $ref: PROBLEM }, answer.json);
  }

  private checkBody(where: string, schema: object, body: unknown): void {
    const key = JSON.stringify(schema);
    let validate = this.validators.get(key);
    if (!validate) {
      validate = this.ajv.compile(JSON.parse(key.replaceAll('"#/', '"openapi#/')) as object);
      this.validators.set(key, validate);
    }
    if (!validate(body)) {
      throw new Error(`${where}: ${this.ajv.errorsText(validate.errors)} in ${JSON.stringify(body)}`);
    }
  }

  private promised(method: string, path: string, status: number): ResponseObject | undefined {
    const [pathname = ''] = path.split('?');
    const template = Object.keys(this.document.paths).find(
      (candidate) => candidate === pathname || matches(candidate, pathname),
    );
    const exact = Object.hasOwn(this.document.paths, pathname) ? pathname : template;
    const responses = exact === undefined ? undefined : this.document.paths[exact]?.[method.toLowerCase()]?.responses;
    return responses?.[status] ?? responses?.['default'];
  }
}

/** All that are promised are there, and no others. */
function checkHeaders(where: string, promised: NonNullable<ResponseObject['headers']>, { headers }: Answer): void {
  const documented = new Set(Object.keys(promised).map((name) => name.toLowerCase()));
  for (const [name, { required }] of Object.entries(promised)) {
    if (required && headers[name.toLowerCase()] === undefined) {
      throw new Error(`${where} without the header ${name}`);
    }
  }
  for (const name of Object.keys(headers)) {
    if (!documented.has(name) && !GENERAL_HEADERS.has(name)) {
      throw new Error(`${where} with the undocumented header ${name}`);
    }
  }
}

function matches(template: string, pathname: string): boolean {
  const pattern = template
    .replaceAll('.', String.raw`\.`)
    // Everything below, which a document cannot say.
    .replace('{path}', '.*')
    .replaceAll(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${pattern}$`).test(pathname);
}
