import { MAX_IDEMPOTENCY_KEY_LENGTH } from '@app/cache';
import { IDENTIFIER } from '@app/ops';
import { PRIORITIES } from '@app/resilience';
import { INFERENCE_ERROR_CODES, type ErrorCode } from '../http-errors.js';
import type { Config } from '../config.js';
import { adminPaths } from './admin-paths.js';
import { ALWAYS, get, OF_KEYS, REQUEST_ID_PARAMETER, securitySchemes, withKey } from './operations.js';
import { answer, jsonAnswer, problemAnswers } from './responses.js';
import { componentSchemas, refTo, type SchemaName } from './schemas.js';

/** What a request to a model may be answered. */
const INFERENCE = new Set<ErrorCode>([
  ...ALWAYS,
  ...OF_KEYS,
  'MALFORMED_JSON',
  'INVALID_HEADER',
  'BODY_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'INVALID_REQUEST',
  'RATE_LIMITED',
  'SHED',
  'MAINTENANCE',
  'OVERLOADED',
  ...INFERENCE_ERROR_CODES,
]);
// Nobody is there to read it.
INFERENCE.delete('REQUEST_CANCELLED');

function timeoutParameter(maximum: number) {
  return {
    name: 'X-Request-Timeout-Ms',
    in: 'header',
    description: "Milliseconds after which the answer is worthless to the caller, from 1 to the server's own limit.",
    schema: { type: 'integer', minimum: 1, maximum },
  };
}

const KEY_PARAMETERS = ['Idempotency-Key', 'X-Idempotency-Key'].map((name) => ({
  name,
  in: 'header',
  description: 'A request that comes again with its key gets the first answer again; bare or as a quoted string.',
  schema: { type: 'string', pattern: `^[ -~]{1,${MAX_IDEMPOTENCY_KEY_LENGTH}}$` },
}));
const CALLER_PARAMETERS = [
  {
    name: 'X-Tenant-ID',
    in: 'header',
    description:
      'Who asks, where keys are not needed: rate limits and idempotency keys are for each tenant. With a key, its tenant asks; any other name is refused.',
    schema: { type: 'string', pattern: IDENTIFIER.source, default: 'default' },
  },
  {
    name: 'X-Priority',
    in: 'header',
    description: 'Under load, low is refused first and critical last. May also be given as the parameter `priority`.',
    schema: { enum: [...PRIORITIES], default: 'normal' },
  },
  {
    name: 'X-Allow-Degraded',
    in: 'header',
    description: 'Whether less than a fresh answer will do when the model cannot give one.',
    schema: { enum: ['true', 'false'], default: 'true' },
  },
];

/** The OpenAPI 3.1 document of the whole API. */
export function buildDocument({ version, requestTimeoutMs }: Pick<Config, 'version' | 'requestTimeoutMs'>): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Falcon',
      version,
      summary: 'Puts TensorFlow.js models into production.',
      description: 'Every error is `application/problem+json` (RFC 9457) with a stable `code`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [
      { name: 'inference', description: 'Ask a model.' },
      { name: 'health', description: 'What probes and scrapes ask.' },
      { name: 'about', description: 'What the server says of itself.' },
      { name: 'admin', description: 'For operators, with an admin key.' },
    ],
    paths: { ...inferencePaths(), ...healthPaths(), ...checkPaths(), ...aboutPaths(), ...adminPaths() },
    components: {
      parameters: { RequestTimeout: timeoutParameter(requestTimeoutMs) },
      schemas: componentSchemas(),
      securitySchemes,
    },
  };
}

function inferencePaths() {
  return {
    '/infer': { post: inference('infer', 'Classify one text', 'InferRequest', 'InferResponse') },
    '/infer/batch': {
      post: inference('inferBatch', 'Classify up to 256 texts, all or none', 'BatchRequest', 'BatchResponse'),
    },
  };
}

function inference(operationId: string, summary: string, request: SchemaName, response: SchemaName) {
  return {
    operationId,
    summary,
    tags: ['inference'],
    ...withKey('AUTH_MODE=api-key'),
    parameters: [
      REQUEST_ID_PARAMETER,
      { $ref: '#/components/parameters/RequestTimeout' },
      ...KEY_PARAMETERS,
      ...CALLER_PARAMETERS,
    ],
    requestBody: { required: true, content: { 'application/json': { schema: refTo(request) } } },
    responses: { '200': jsonAnswer('The answer of the model.', response), ...problemAnswers([...INFERENCE]) },
  };
}

function healthPaths() {
  return {
    '/healthz': get('healthz', 'Whether the process works', 'health', {
      '200': jsonAnswer('It does.', 'Health'),
      '503': jsonAnswer('It needs a restart: see /_health/live.', 'Health'),
    }),
    '/readyz': get('readyz', 'Whether requests should be sent here', 'health', {
      '200': jsonAnswer('They should: the default model is warm and the server is not stopping.', 'Readiness'),
      '503': jsonAnswer('They should not.', 'Readiness'),
    }),
    '/metrics': {
      get: {
        ...get('metrics', 'Metrics for Prometheus', 'health', {
          '200': answer('The text exposition format.', 'text/plain', { type: 'string' }),
          ...problemAnswers(OF_KEYS),
        }).get,
        ...withKey('METRICS_AUTH=true'),
      },
    },
  };
}

function checkPaths() {
  const basic = ['live', 'ready', 'startup'].map((probe) => {
    const operation = get(`ops_${probe}`, 'Whether the process can answer', 'health', {
      '200': jsonAnswer('It can; nothing is said beyond that.', 'BasicHealth'),
    });
    return [`/_ops/${probe}`, operation] as const;
  });
  const check = get('health_check', 'One check', 'health', {
    '200': jsonAnswer('Healthy or degraded.', 'CheckReport'),
    '503': jsonAnswer('Unhealthy, or not asked yet.', 'CheckReport'),
    ...problemAnswers(['ROUTE_NOT_FOUND']),
  });
  const name = { name: 'name', in: 'path', required: true, schema: { type: 'string' } };
  return {
    ...Object.fromEntries(basic),
    '/_health/live': report('live', 'Whether only a restart can help'),
    '/_health/ready': report('ready', 'All checks, and whether requests should be sent here'),
    '/_health/startup': report('startup', 'The checks that the server cannot do without'),
    '/_health/checks/{name}': { get: { ...check.get, parameters: [name, REQUEST_ID_PARAMETER] } },
  };
}

function report(probe: string, summary: string) {
  return get(`health_${probe}`, summary, 'health', {
    '200': jsonAnswer('Healthy or degraded.', 'HealthReport'),
    '503': jsonAnswer('Unhealthy.', 'HealthReport'),
  });
}

function aboutPaths() {
  return {
    '/': get('about', 'Name, version and links', 'about', { '200': jsonAnswer('Who answers.', 'About') }),
    '/openapi.json': get('openapi', 'This document', 'about', {
      '200': answer('The OpenAPI document.', 'application/json', { type: 'object' }),
    }),
    '/docs': get('docs', 'This document as a page', 'about', {
      '200': answer('Swagger UI.', 'text/html', { type: 'string' }),
    }),
    '/docs/start.js': get('docsStart', 'Script that starts the page', 'about', {
      '200': answer('The script.', 'text/javascript', { type: 'string' }),
    }),
    '/docs/{file}': docsAssetPath(),
  };
}

function docsAssetPath() {
  const asset = get('docsAsset', 'A file of Swagger UI', 'about', {
    '200': {
      ...answer('The file.', 'text/css', { type: 'string' }),
      content: { 'text/css': {}, 'text/javascript': {}, 'image/png': {} },
    },
    ...problemAnswers(['ROUTE_NOT_FOUND']),
  });
  const file = { name: 'file', in: 'path', required: true, schema: { type: 'string' } };
  return { get: { ...asset.get, parameters: [file, REQUEST_ID_PARAMETER] } };
}
