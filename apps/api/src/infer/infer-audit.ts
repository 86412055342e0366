import { Injectable } from '@nestjs/common';
import { AuditLog, type AuditEntry } from '@app/audit-log';
import { HTTP_ERRORS } from '../http-errors.js';
import { failureOf } from '../http/problem.js';
import { elapsedMs, type RequestContext } from '../http/request-context.js';
import type { BatchRequest, InferRequest } from './infer.schema.js';
import type { Known } from './model-answers.js';

/** A text of a request: POST /infer has one without an index. */
export interface AskedText extends InferRequest {
  index?: number;
}

/** What is recorded of a text and its answer besides what the answer says. */
export type KnownBesides = Pick<Known, 'textHash' | 'inferenceTimeMs'>;

/** The texts of a batch, each with its place. */
export function askedTexts({ texts, ...choice }: BatchRequest): AskedText[] {
  return texts.map((text, index) => ({ text, ...choice, index }));
}

/** Has every answer recorded before it leaves: what the model said, or what went wrong instead. */
@Injectable()
export class InferAudit {
  constructor(private readonly auditLog: AuditLog) {}

  /**
   * @param json the answer as it leaves
   * @throws {AuditUnavailableError} where no answer may leave without its record
   */
  answered(
    asked: AskedText,
    json: string,
    { textHash, inferenceTimeMs }: KnownBesides,
    context: RequestContext,
  ): Promise<void> {
    const entry = {
      batch_index: asked.index,
      tenant: context.tenant,
      idempotency_key: context.idempotencyKey,
      priority: context.priority,
      success: true,
      status: 200,
      inference_time_ms: inferenceTimeMs,
      client_ip: context.clientAddress,
    };
    return this.auditLog.appendAnswered(asked.text, json, entry, textHash);
  }

  /**
   * Records the failure that all these texts share.
   * @throws {AuditUnavailableError} where no answer may leave without its record
   */
  async failed(asked: readonly AskedText[], error: unknown, context: RequestContext): Promise<void> {
    const failure = failureOf(error);
    const shared: AuditEntry = {
      request_id: context.requestId,
      tenant: context.tenant,
      cache_hit: false,
      idempotency_hit: false,
      idempotency_key: context.idempotencyKey,
      priority: context.priority,
      success: false,
      status: HTTP_ERRORS[failure.code].status,
      error_code: failure.code,
      error_message: failure.detail,
      processing_time_ms: elapsedMs(context),
      client_ip: context.clientAddress,
    };
    await Promise.all(
      asked.map(({ text, model, version, index }) =>
        this.auditLog.append(text, { ...shared, model, model_version: version, batch_index: index }),
      ),
    );
  }
}
