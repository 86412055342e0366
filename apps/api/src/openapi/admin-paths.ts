import type { ErrorCode } from '../http-errors.js';
import { ALWAYS, COMMON_PARAMETERS, get, OF_KEYS, pathParameter } from './operations.js';
import { answer, jsonAnswer, problemAnswers, type ResponseObject } from './responses.js';
import { refTo, type SchemaName } from './schemas.js';

const SECURITY = [{ bearer: [] }, { header: [] }, { password: [] }];
const QUEUES: ErrorCode[] = [...OF_KEYS, 'QUEUE_UNAVAILABLE', 'CIRCUIT_OPEN', 'DEADLINE_EXCEEDED'];

/** Operators' routes. */
export function adminPaths() {
  return {
    '/admin/breakers': { get: read('breakers', 'Breakers of this process', 'Breakers') },
    '/admin/breakers/{name}': { get: ofBreaker(read('breaker', 'One breaker', 'Breaker')) },
    '/admin/breakers/{name}/reset': {
      post: ofBreaker(read('resetBreaker', 'Close it, forget what led there, lift what is forced', 'Breaker')),
    },
    '/admin/breakers/{name}/force-open': {
      post: ofBreaker(read('forceBreakerOpen', 'Let nothing through until it is reset', 'Breaker')),
    },
    '/admin/breakers/{name}/force-closed': {
      post: ofBreaker(read('forceBreakerClosed', 'Let everything through until it is reset', 'Breaker')),
    },
    '/admin/models': { get: read('models', 'Every model version of this process', 'Models') },
    '/admin/audit': { get: read('auditStatus', "Where this process's audit records are", 'AuditStatus') },
    '/admin/maintenance': maintenancePath(),
    '/admin/queues': {
      get: operation('queues', 'The audit queue as a page', {
        ...problemAnswers(QUEUES),
        '200': answer('The page.', 'text/html', { type: 'string' }),
      }),
    },
    '/admin/queues/{path}': {
      get: queueBoardPart('queuesPart', 'A part of the page: a script, a style, the jobs'),
    },
  };
}

function read(operationId: string, summary: string, schema: SchemaName) {
  return operation(operationId, summary, { '200': jsonAnswer('As it is now.', schema), ...problemAnswers(OF_KEYS) });
}

function operation(operationId: string, summary: string, responses: Record<string, ResponseObject>) {
  return { ...get(operationId, summary, 'admin', responses).get, security: SECURITY };
}

function maintenancePath() {
  const refusals: ErrorCode[] = ['MALFORMED_JSON', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE', 'INVALID_REQUEST'];
  return {
    get: read('maintenance', 'How maintenance mode stands', 'Maintenance'),
    put: {
      ...operation('setMaintenance', 'Turn maintenance mode on or off', {
        ...problemAnswers([...ALWAYS, ...OF_KEYS, ...refusals, 'MAINTENANCE_UNAVAILABLE']),
        '200': jsonAnswer('How it stands now.', 'Maintenance'),
      }),
      requestBody: { required: true, content: { 'application/json': { schema: refTo('MaintenanceRequest') } } },
    },
  };
}

/** A body is not needed, but whatever is sent is read. */
function ofBreaker(inner: ReturnType<typeof operation>) {
  const codes: ErrorCode[] = ['BREAKER_NOT_FOUND', 'BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'];
  return {
    ...inner,
    parameters: [pathParameter('name'), ...COMMON_PARAMETERS],
    responses: { ...problemAnswers([...ALWAYS, 'MALFORMED_JSON', ...codes]), ...inner.responses },
  };
}

function queueBoardPart(operationId: string, summary: string) {
  return {
    operationId,
    summary,
    tags: ['admin'],
    security: SECURITY,
    parameters: [pathParameter('path'), ...COMMON_PARAMETERS],
    responses: {
      ...problemAnswers([...ALWAYS, 'ROUTE_NOT_FOUND', ...QUEUES]),
      '200': { description: 'The part.' },
    },
  };
}
