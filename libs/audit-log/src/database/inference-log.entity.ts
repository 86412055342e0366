import { Column, Entity, getMetadataArgsStorage, Index, PrimaryColumn } from 'typeorm';
import type { AuditRecord } from '../audit-record.js';

/** A row of `inference_logs`: an answered request, or one text of an answered batch. */
@Entity('inference_logs')
@Index('inference_logs_created_at', ['created_at'])
@Index('inference_logs_worker_id_created_at', ['worker_id', 'created_at'])
@Index('inference_logs_tenant_created_at', ['tenant', 'created_at'])
@Index('inference_logs_request_id', ['request_id'])
export class InferenceLog implements Record<keyof AuditRecord, unknown> {
  @PrimaryColumn({ type: 'uuid', primaryKeyConstraintName: 'inference_logs_pkey' })
  id!: string;

  @PrimaryColumn({ type: 'timestamptz', primaryKeyConstraintName: 'inference_logs_pkey' })
  created_at!: Date;

  @Column({ type: 'text' })
  request_id!: string;

  @Column({ type: 'smallint', nullable: true })
  batch_index!: number | null;

  @Column({ type: 'text' })
  worker_id!: string;

  @Column({ type: 'text' })
  tenant!: string;

  @Column({ type: 'text', nullable: true })
  model!: string | null;

  @Column({ type: 'text', nullable: true })
  model_version!: string | null;

  @Column({ type: 'char', length: 64 })
  text_hash!: string;

  @Column({ type: 'integer' })
  text_length!: number;

  @Column({ type: 'text', nullable: true })
  text!: string | null;

  @Column({ type: 'text', nullable: true })
  prediction!: string | null;

  @Column({ type: 'double precision', nullable: true })
  confidence!: number | null;

  @Column({ type: 'jsonb', nullable: true })
  probabilities!: Record<string, number> | null;

  @Column({ type: 'text', nullable: true })
  mode!: string | null;

  @Column({ type: 'text', nullable: true })
  degraded_reason!: string | null;

  @Column({ type: 'boolean' })
  cache_hit!: boolean;

  @Column({ type: 'boolean' })
  idempotency_hit!: boolean;

  @Column({ type: 'text', nullable: true })
  idempotency_key!: string | null;

  @Column({ type: 'text' })
  priority!: string;

  @Column({ type: 'boolean' })
  success!: boolean;

  @Column({ type: 'smallint' })
  status!: number;

  @Column({ type: 'text', nullable: true })
  error_code!: string | null;

  @Column({ type: 'text', nullable: true })
  error_message!: string | null;

  @Column({ type: 'double precision' })
  processing_time_ms!: number;

  @Column({ type: 'double precision', nullable: true })
  inference_time_ms!: number | null;

  @Column({ type: 'inet', nullable: true })
  client_ip!: string | null;
}

/** The columns of the table, as the entity declares them. */
export const COLUMNS = getMetadataArgsStorage()
  .columns.filter(({ target }) => target === InferenceLog)
  .map(({ propertyName, options: { type, length } }) => ({
    name: propertyName,
    type: length === undefined ? String(type) : `${String(type)}(${length})`,
  }));
