import { QueueUnavailableError } from '@app/audit-log';
import {
  InferenceDeadlineError,
  InferenceFailedError,
  InferenceQueueFullError,
  InvalidInputError,
  ModelNotFoundError,
} from '@app/inference';
import { HttpError } from '../http-errors.js';
import { failureOf, problemBody, problemHeaders } from './problem.js';

const bodyOf = (error: unknown): Record<string, unknown> =>
  JSON.parse(problemBody(failureOf(error), '/infer', 'id-1')) as Record<string, unknown>;

describe('problem', () => {
  it('has the members of RFC 9457, the code, the request and the detail once more', () => {
    expect(bodyOf(new ModelNotFoundError('x'))).toEqual({
      type: 'urn:falcon:error:MODEL_NOT_FOUND',
      title: 'There is no such model',
      status: 404,
      detail: 'There is no model "x".',
      instance: '/infer',
      code: 'MODEL_NOT_FOUND',
      request_id: 'id-1',
      error: 'There is no model "x".',
    });
  });

  it('names the member that is wrong', () => {
    expect(bodyOf(new InvalidInputError('x.1', 'no'))['errors']).toEqual([{ path: 'x.1', message: 'no' }]);
  });

  it('says in which stage the deadline passed', () => {
    expect(bodyOf(new InferenceDeadlineError('inference'))).toMatchObject({ status: 504, stage: 'inference' });
  });

  it('says of every 503 when to ask again, in whole seconds', () => {
    const headersOf = (seconds: number): object =>
      problemHeaders(failureOf(new InferenceQueueFullError('m', 5, seconds)));
    expect([headersOf(2.2), headersOf(0)]).toEqual([{ 'Retry-After': '3' }, { 'Retry-After': '1' }]);
    expect(problemHeaders(failureOf(new ModelNotFoundError('x')))).toEqual({});
  });

  it.each([
    new Error('secret at /srv/falcon/x.ts'),
    new TypeError("Cannot read properties of undefined (reading 'secret')"),
    Object.assign(new Error('secret'), { code: 'ENOENT' }),
    'secret',
    undefined,
    null,
  ])('keeps to itself what it was not told to say: %p', (error) => {
    const body = bodyOf(error);
    expect(body).toMatchObject({ status: 500, code: 'INTERNAL_ERROR' });
    expect(JSON.stringify(body)).not.toContain('secret');
  });

  it('keeps the cause of a failure of the model to itself', () => {
    expect(JSON.stringify(bodyOf(new InferenceFailedError('m', 'secret words')))).not.toContain('secret');
  });

  it('says that the queue is away, and not what its client said of it', () => {
    const body = bodyOf(new QueueUnavailableError(new Error('connect ECONNREFUSED secret:6379')));
    expect(body).toMatchObject({ status: 503, code: 'QUEUE_UNAVAILABLE' });
    expect(JSON.stringify(body)).not.toContain('secret');
  });

  it("knows Fastify's refusals by their codes", () => {
    const refusal = Object.assign(new Error('x'), { code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 413 });
    expect(failureOf(refusal)).toMatchObject({ code: 'BODY_TOO_LARGE' });
  });

  it("takes a client error that Fastify invents tomorrow for the client's", () => {
    const refusal = Object.assign(new Error('x'), { code: 'FST_ERR_NEW', statusCode: 400 });
    expect(failureOf(refusal)).toMatchObject({ code: 'BAD_REQUEST' });
  });

  it('gives what the app itself reports as it is', () => {
    const error = new HttpError('METHOD_NOT_ALLOWED', 'no', { headers: { Allow: 'POST' } });
    expect(problemHeaders(failureOf(error))).toEqual({ Allow: 'POST' });
  });
});
