import { setTimeout as sleep } from 'node:timers/promises';
import { AuditUnavailableError, type AuditEntry, type AuditEntryOfAnswer, type AuditLog } from '@app/audit-log';
import {
  InferenceDeadlineError,
  InferenceFailedError,
  InvalidInputError,
  WorkerLostError,
  type InferenceService,
  type TextClassification,
} from '@app/inference';
import { SeriesHistogram } from '@app/ops';
import { CircuitOpenError, Policy, PolicyFamily } from '@app/resilience';
import type { AnswerCache } from '@app/cache';
import { Counter, register } from 'prom-client';
import { failureOf } from '../http/problem.js';
import type { RequestContext } from '../http/request-context.js';
import { InferAudit } from './infer-audit.js';
import type { BatchResponse, InferResponse } from './infer.schema.js';
import { InferMetrics } from './infer.metrics.js';
import { InferService } from './infer.service.js';
import { ModelAnswers } from './model-answers.js';

const SETTINGS = {
  appName: 'falcon',
  version: '1',
  workerId: 'worker-1',
  requestTimeoutMs: 1000,
  mode: 'embedded',
  cache: { answersEnabled: false, idempotencyEnabled: false },
} as const;
const POSITIVE: TextClassification = {
  model: 'sentiment',
  version: '1',
  prediction: 'positive',
  confidence: 0.75,
  labels: ['negative', 'positive'],
  probabilities: Float32Array.of(0.25, 0.75),
  inferenceTimeMs: 1,
};

type Classify = InferenceService['classify'];

type Recorded = AuditEntry & { text: string };

interface Tested {
  service: InferService;
  counted: () => Promise<Record<string, number>>;
  /** What was put on record, in order. */
  recorded: Recorded[];
}

function serviceWith(classify: Classify, append = async (): Promise<void> => undefined): Tested {
  register.clear();
  const recorded: Recorded[] = [];
  const auditLog = {
    append: async (text: string, entry: AuditEntry): Promise<void> => {
      await append();
      recorded.push({ text, ...entry });
    },
    appendAnswered: async (text: string, answer: string, entry: AuditEntryOfAnswer): Promise<void> => {
      await append();
      recorded.push({ text, ...(JSON.parse(answer) as AuditEntry), ...entry });
    },
  };
  const requests = new Counter({ name: 'requests', help: 'h', labelNames: ['status', 'cache_hit'] });
  const errors = new Counter({ name: 'errors', help: 'h', labelNames: ['error_type'] });
  const duration = new SeriesHistogram({ name: 'duration', help: 'h', buckets: [1] });
  const degraded = new Counter({ name: 'degraded', help: 'h', labelNames: ['mode', 'reason'] });
  const metrics = new InferMetrics(requests, errors, duration, degraded);
  const counted = async (): Promise<Record<string, number>> => {
    const values: { labels: Record<string, unknown>; value: number }[] = [
      ...(await requests.get()).values,
      ...(await errors.get()).values,
    ];
    const named = values.map(({ labels, value }) => [String(labels['status'] ?? labels['error_type']), value] as const);
    return Object.fromEntries(named.filter(([, value]) => value > 0));
  };
  const audit = new InferAudit(auditLog as unknown as AuditLog);
  const inference = {
    classify,
    find: ({ model = 'sentiment', version = '1' } = {}) => ({ model, version }),
    fallback: async () => undefined,
  } as unknown as InferenceService;
  const policies = new PolicyFamily('model', {}, (name) => new Policy(name, {}));
  const answers = new ModelAnswers(inference, policies, {} as AnswerCache, SETTINGS);
  return { service: new InferService(answers, audit, metrics, SETTINGS), counted, recorded };
}

function context(): RequestContext {
  const startedMs = performance.now();
  const { signal } = new AbortController();
  return {
    requestId: 'id-1',
    startedMs,
    deadlineMs: startedMs + 1000,
    signal,
    clientAddress: '10.0.0.7',
    idempotencyKey: undefined,
    tenant: 'default',
    priority: 'normal',
    allowDegraded: true,
  };
}

describe('InferService', () => {
  it('answers with what the model said, and says that nothing was stored', async () => {
    const { service, counted } = serviceWith(async () => POSITIVE);
    const { answer, json } = await service.one({ text: 'a' }, context());
    const sent = JSON.parse(json) as InferResponse;
    expect(sent).toMatchObject(JSON.parse(JSON.stringify(answer)) as object);
    expect(sent).toEqual({
      prediction: 'positive',
      confidence: 0.75,
      probabilities: { negative: 0.25, positive: 0.75 },
      cache_hit: false,
      idempotency_hit: false,
      worker_id: 'worker-1',
      processing_time_ms: expect.any(Number) as number,
      mode: 'fresh',
      model: 'sentiment',
      model_version: '1',
      request_id: 'id-1',
    });
    expect(await counted()).toEqual({ success: 1 });
  });

  it('passes on which model is asked, until when, and for whom', async () => {
    const asked: unknown[] = [];
    const { service } = serviceWith(async (...parameters) => {
      asked.push(parameters);
      return POSITIVE;
    });
    const bounds = context();
    await service.one({ text: 'a', model: 'm', version: '2' }, bounds);
    expect(asked).toMatchObject([
      ['a', { model: 'm', version: '2' }, { signal: bounds.signal, deadlineMs: bounds.deadlineMs }],
    ]);
  });

  it('counts what failed by its code', async () => {
    const { service, counted } = serviceWith(() => Promise.reject(new InferenceDeadlineError('queue')));
    await expect(service.one({ text: 'a' }, context())).rejects.toThrow('deadline');
    expect(await counted()).toEqual({ error: 1, DEADLINE_EXCEEDED: 1 });
  });

  it.each(['queue', 'inference'] as const)('counts a deadline that passed in stage %s there', async (stage) => {
    const { service } = serviceWith(() => Promise.reject(new InferenceDeadlineError(stage)));
    await expect(service.one({ text: 'a' }, context())).rejects.toThrow('deadline');
    expect(await register.getSingleMetricAsString('timeouts_total')).toContain(`timeouts_total{stage="${stage}"} 1`);
  });

  it('does not count the mistake of a caller as an error of the service', async () => {
    const { service, counted } = serviceWith(() => Promise.reject(new InvalidInputError('text', 'too long')));
    await expect(service.one({ text: 'a' }, context())).rejects.toThrow('too long');
    expect(await counted()).toEqual({ INVALID_INPUT: 1 });
  });

  it('answers a batch in its order, whatever the order of the answers', async () => {
    const delays: Record<string, number> = { a: 3, b: 2, c: 1 };
    const { service } = serviceWith(async (text) => {
      for (let turn = 0; turn < (delays[text] ?? 0); turn++) {
        await Promise.resolve();
      }
      return { ...POSITIVE, prediction: text };
    });
    const { answer, json } = await service.batch({ texts: ['a', 'b', 'c'] }, context());
    const sent = JSON.parse(json) as BatchResponse;
    const said = {
      confidence: 0.75,
      probabilities: { negative: 0.25, positive: 0.75 },
      model: 'sentiment',
      model_version: '1',
    };
    const about = JSON.parse(JSON.stringify(answer)) as typeof answer;
    const whole = about.results.map((result, k) => ({ ...result, ...said, prediction: ['a', 'b', 'c'][k] }));
    expect(sent).toEqual({ ...about, results: whole });
    expect(sent.results.map(({ prediction }) => prediction)).toEqual(['a', 'b', 'c']);
  });

  it('says of each text in a batch how long it took, and not how long all of them took', async () => {
    const { service } = serviceWith(async (text) => {
      if (text === 'late') await sleep(300);
      return POSITIVE;
    });
    const { answer } = await service.batch({ texts: ['early', 'late'] }, context());
    const [early = NaN, late = NaN] = answer.results.map((result) => result.processing_time_ms);
    expect(late - early).toBeGreaterThan(150);
  });

  it.each([new InferenceFailedError('sentiment/1', 'NaN'), new WorkerLostError('it hung')])(
    'fails a batch with its first failure, names the text and calls off the rest: $code',
    async (cause) => {
      const signals: AbortSignal[] = [];
      const { service, counted } = serviceWith((text, _choice, call) => {
        signals.push(call?.signal as AbortSignal);
        return text === 'bad' ? Promise.reject(cause) : new Promise(() => undefined);
      });
      const failure: unknown = await service
        .batch({ texts: ['a', 'bad', 'c'] }, context())
        .catch((thrown: unknown) => thrown);
      expect(failureOf(failure)).toEqual({
        ...failureOf(cause),
        errors: [{ path: 'texts.1', message: cause.message }],
      });
      expect(failure).toMatchObject({ cause });
      expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true]);
      expect(await counted()).toEqual({ error: 1, [cause.code]: 1 });
    },
  );

  it('leaves the error as it is that a text of a batch shares with an equal one of another request', async () => {
    const error = new InferenceFailedError('sentiment/1', 'NaN');
    const { service } = serviceWith(() => Promise.reject(error));
    const [batch, one] = await Promise.all([
      service.batch({ texts: ['bad'] }, context()).catch(failureOf),
      service.one({ text: 'bad' }, context()).catch(failureOf),
    ]);
    expect(batch).toMatchObject({ errors: [{ path: 'texts.0' }] });
    expect(one).not.toHaveProperty('errors');
  });

  it('lets what an open circuit has let through go on, even when the client leaves', async () => {
    const client = new AbortController();
    const signals: AbortSignal[] = [];
    const { service } = serviceWith((text, _choice, call) => {
      signals.push(call?.signal as AbortSignal);
      return text === 'refused' ? Promise.reject(new CircuitOpenError('model', 1)) : new Promise(() => undefined);
    });
    const batch = service.batch({ texts: ['a', 'b', 'refused'] }, { ...context(), signal: client.signal });
    await expect(batch).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' });
    client.abort();
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, false]);
  });

  it('asks for no text of a batch whose client has left before', async () => {
    const asked: string[] = [];
    const { service } = serviceWith(async (text) => {
      asked.push(text);
      return POSITIVE;
    });
    const batch = service.batch({ texts: ['a', 'b'] }, { ...context(), signal: AbortSignal.abort() });
    await expect(batch).rejects.toMatchObject({ code: 'REQUEST_CANCELLED' });
    expect(asked).toEqual([]);
  });

  it('calls a batch off when its client leaves', async () => {
    const client = new AbortController();
    const { service } = serviceWith(
      (_text, _choice, call) =>
        new Promise((_resolve, reject) => call?.signal?.addEventListener('abort', () => reject(new Error('gone')))),
    );
    const answer = service.batch({ texts: ['a', 'b'] }, { ...context(), signal: client.signal });
    client.abort();
    await expect(answer).rejects.toThrow('gone');
  });

  it('puts the answer on record before it gives it', async () => {
    const order: string[] = [];
    const { service, recorded } = serviceWith(
      async () => POSITIVE,
      async () => {
        await new Promise(setImmediate);
        order.push('recorded');
      },
    );
    const { answer } = await service.one({ text: 'a' }, context()).finally(() => order.push('answered'));
    expect(order).toEqual(['recorded', 'answered']);
    expect(recorded).toEqual([
      {
        text: 'a',
        request_id: 'id-1',
        worker_id: 'worker-1',
        batch_index: undefined,
        tenant: 'default',
        model: 'sentiment',
        model_version: '1',
        prediction: 'positive',
        confidence: 0.75,
        probabilities: { negative: 0.25, positive: 0.75 },
        mode: 'fresh',
        cache_hit: false,
        idempotency_hit: false,
        priority: 'normal',
        success: true,
        status: 200,
        processing_time_ms: answer.processing_time_ms,
        inference_time_ms: 1,
        client_ip: '10.0.0.7',
      },
    ]);
  });

  it('puts a failure on record as the client is told of it', async () => {
    const { service, recorded } = serviceWith(() => Promise.reject(new InferenceDeadlineError('queue')));
    await expect(service.one({ text: 'a', model: 'm', version: '2' }, context())).rejects.toThrow('deadline');
    expect(recorded).toMatchObject([
      { text: 'a', model: 'm', model_version: '2', success: false, status: 504, error_code: 'DEADLINE_EXCEEDED' },
    ]);
    expect(recorded[0]?.error_message).toContain('deadline');
  });

  it('puts each text of a batch on record, and none as answered when one fails', async () => {
    const fine = serviceWith(async (text) => ({ ...POSITIVE, prediction: text }));
    await fine.service.batch({ texts: ['a', 'b'] }, context());
    expect(fine.recorded).toMatchObject([
      { batch_index: 0, prediction: 'a', status: 200 },
      { batch_index: 1, prediction: 'b', status: 200 },
    ]);
    const error = new InferenceFailedError('sentiment/1', 'NaN');
    const failing = serviceWith((text) => (text === 'bad' ? Promise.reject(error) : Promise.resolve(POSITIVE)));
    await expect(failing.service.batch({ texts: ['a', 'bad'] }, context())).rejects.toThrow(error.message);
    const failed = { status: 500, error_code: error.code, error_message: error.message, success: false };
    expect(failing.recorded).toMatchObject([
      { text: 'a', batch_index: 0, ...failed },
      { text: 'bad', batch_index: 1, ...failed },
    ]);
  });

  it('refuses an answer that may not leave without its record', async () => {
    const { service, counted, recorded } = serviceWith(
      async () => POSITIVE,
      () => Promise.reject(new AuditUnavailableError(new Error('full'))),
    );
    await expect(service.one({ text: 'a' }, context())).rejects.toThrow(AuditUnavailableError);
    expect(await counted()).toEqual({ error: 1, AUDIT_UNAVAILABLE: 1 });
    expect(recorded).toEqual([]);
  });

  it('counts no text of a batch as answered when the record of another cannot be kept', async () => {
    let left = 1;
    const full = () => (left-- > 0 ? Promise.resolve() : Promise.reject(new AuditUnavailableError(new Error('full'))));
    const { service, counted } = serviceWith(async () => POSITIVE, full);
    await expect(service.batch({ texts: ['a', 'b'] }, context())).rejects.toThrow(AuditUnavailableError);
    expect(await counted()).toEqual({ error: 1, AUDIT_UNAVAILABLE: 1 });
  });

  it('tells of the record that is missing rather than of the failure that could not be recorded', async () => {
    const { service, counted } = serviceWith(
      () => Promise.reject(new InferenceDeadlineError('queue')),
      () => Promise.reject(new AuditUnavailableError(new Error('full'))),
    );
    await expect(service.one({ text: 'a' }, context())).rejects.toThrow(AuditUnavailableError);
    expect(await counted()).toEqual({ error: 1, AUDIT_UNAVAILABLE: 1 });
  });
});
