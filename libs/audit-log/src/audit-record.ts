/**
 * What was asked and answered: one row of `inference_logs`. The members are named as the table's columns, because a
 * record travels as JSON from the spool through the queue into one `json_to_recordset` and is never taken apart on the
 * way. A member that is absent is NULL in the table.
 */
export interface AuditRecord {
  /** UUID version 7, made when the request is answered; with `created_at` the primary key, so that a record inserted twice is one row. */
  id: string;
  request_id: string;
  /** Place of the text in POST /infer/batch, from 0; absent for POST /infer. */
  batch_index?: number | undefined;
  /** ISO 8601, UTC, with milliseconds. */
  created_at: string;
  worker_id: string;
  tenant: string;
  model?: string | undefined;
  model_version?: string | undefined;
  /** SHA-256 of the text's UTF-8 bytes, 64 hexadecimal digits. */
  text_hash: string;
  /** Unicode code points. */
  text_length: number;
  /** The text itself, only where the operator asked for it. */
  text?: string | undefined;
  prediction?: string | undefined;
  /** 0..1 */
  confidence?: number | undefined;
  probabilities?: Readonly<Record<string, number>> | undefined;
  /** How the answer came about: `fresh` or one of the degraded modes. */
  mode?: string | undefined;
  degraded_reason?: string | undefined;
  cache_hit: boolean;
  idempotency_hit: boolean;
  idempotency_key?: string | undefined;
  priority: string;
  success: boolean;
  /** HTTP status of the answer; 499 when the client had left. */
  status: number;
  error_code?: string | undefined;
  error_message?: string | undefined;
  processing_time_ms: number;
  inference_time_ms?: number | undefined;
  client_ip?: string | undefined;
}

/**
 * Version of the members of a record. It is written into every spool segment and every job, so that a newer Falcon
 * reads what an older one left behind.
 */
export const RECORD_FORMAT = 2;
