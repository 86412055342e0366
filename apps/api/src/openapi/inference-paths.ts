import { MAX_IDEMPOTENCY_KEY_LENGTH } from '@app/cache';
import { IDENTIFIER } from '@app/ops';
import { PRIORITIES } from '@app/resilience';
import { INFERENCE_ERROR_CODES, type ErrorCode } from '../http-errors.js';
import { DEGRADED_MODES } from '../infer/infer.schema.js';
import { ALWAYS, COMMON_PARAMETERS, OF_KEYS, withKey } from './operations.js';
import { jsonAnswer, problemAnswers, withHeaders, type HeaderObject, type ResponseObject } from './responses.js';
import { refTo, type SchemaName } from './schemas.js';

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

/** The header by which a caller shortens its deadline, up to the server's own. */
export function timeoutParameter(maximum: number) {
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
    description: 'Under load, low is refused first and critical last.',
    schema: { enum: [...PRIORITIES], default: 'normal' },
  },
  {
    name: 'priority',
    in: 'query',
    description: 'The same as `X-Priority`, which counts where both are given.',
    schema: { enum: [...PRIORITIES] },
  },
  {
    name: 'X-Allow-Degraded',
    in: 'header',
    description: 'Whether less than a fresh answer will do when the model cannot give one.',
    schema: { enum: ['true', 'false'], default: 'true' },
  },
];

const DEGRADED_HEADERS: Record<string, HeaderObject> = {
  'X-Falcon-Mode': {
    description: 'The `mode` of an answer that is not fresh; of several, that of the first.',
    schema: { enum: [...DEGRADED_MODES] },
  },
};
const INFERENCE_HEADERS: Record<string, HeaderObject> = {
  RateLimit: {
    description: 'What is left of the rate limit, and the seconds until all of it is back.',
    schema: { type: 'string', pattern: '^"tenant";r=[0-9]+;t=[0-9]+$' },
  },
  'RateLimit-Policy': {
    description: 'Requests that may be made within so many seconds in the long run.',
    schema: { type: 'string', pattern: '^"tenant";q=[0-9]+;w=[0-9]+$' },
  },
  'Idempotency-Status': {
    description:
      'There when the idempotency key could not be looked up, and the request may have been answered before, or when the answer could not be stored under it.',
    schema: { enum: ['unavailable'] },
  },
};

/** Routes that ask a model. */
export function inferencePaths() {
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
      ...COMMON_PARAMETERS,
      { $ref: '#/components/parameters/RequestTimeout' },
      ...KEY_PARAMETERS,
      ...CALLER_PARAMETERS,
    ],
    requestBody: { required: true, content: { 'application/json': { schema: refTo(request) } } },
    responses: inferenceAnswers(response),
  };
}

/** What the gates and the keys say of a request is with its answer, whatever comes of it. */
function inferenceAnswers(response: SchemaName): Record<string, ResponseObject> {
  const answered = withHeaders(jsonAnswer('The answer of the model.', response), DEGRADED_HEADERS);
  const answers = { '200': answered, ...problemAnswers([...INFERENCE]) };
  return Object.fromEntries(
    Object.entries(answers).map(([status, each]) => [status, withHeaders(each, INFERENCE_HEADERS)]),
  );
}
