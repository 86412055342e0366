import type { Config } from '../config.js';
import { adminPaths } from './admin-paths.js';
import { inferencePaths, timeoutParameter } from './inference-paths.js';
import { COMMON_PARAMETERS, get, OF_KEYS, pathParameter, securitySchemes, withKey } from './operations.js';
import { answer, jsonAnswer, problemAnswers } from './responses.js';
import { componentSchemas } from './schemas.js';

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
  return {
    ...Object.fromEntries(basic),
    '/_health/live': report('live', 'Whether only a restart can help'),
    '/_health/ready': report('ready', 'All checks, and whether requests should be sent here'),
    '/_health/startup': report('startup', 'The checks that the server cannot do without'),
    '/_health/checks/{name}': { get: { ...check.get, parameters: [pathParameter('name'), ...COMMON_PARAMETERS] } },
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
  return { get: { ...asset.get, parameters: [pathParameter('file'), ...COMMON_PARAMETERS] } };
}
