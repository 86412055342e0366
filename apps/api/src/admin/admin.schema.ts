import { z } from 'zod';
import { BREAKER_STATES } from '@app/resilience';
import { modelStateSchema } from '../health/health.schema.js';

/** A breaker at one moment, counts since the process began. */
export const breakerSchema = z
  .strictObject({
    name: z.string(),
    state: z.enum(BREAKER_STATES),
    time_in_state_seconds: z.number().min(0),
    retry_after_seconds: z.number().optional().meta({ description: 'Until an open breaker lets trial calls through.' }),
    consecutive_failures: z.int().min(0),
    total: z.int().min(0),
    succeeded: z.int().min(0),
    failed: z.int().min(0),
    rejected: z.int().min(0),
    timed_out: z.int().min(0),
    slow: z.int().min(0),
    state_changes: z.int().min(0),
    window: z
      .strictObject({ calls: z.int().min(0), failures: z.int().min(0), slow: z.int().min(0) })
      .meta({ description: 'The calls that rates are taken over.' }),
  })
  .meta({ id: 'Breaker' });
export type BreakerBody = z.output<typeof breakerSchema>;

/** Answer of GET /admin/breakers. */
export const breakersSchema = z
  .strictObject({ worker_id: z.string(), breakers: z.array(breakerSchema) })
  .meta({ id: 'Breakers' });
export type BreakersBody = z.output<typeof breakersSchema>;

const tensorsSchema = z.array(
  z.strictObject({ name: z.string(), dtype: z.string(), shape: z.array(z.int().nullable()) }),
);

/** Answer of GET /admin/models. */
export const modelsSchema = z
  .strictObject({
    worker_id: z.string(),
    models: z.array(
      modelStateSchema.extend({
        task: z.string().optional(),
        backend: z.string().optional(),
        labels: z.array(z.string()).optional(),
        signature: z.strictObject({ inputs: tensorsSchema, outputs: tensorsSchema }).optional(),
        load_seconds: z.number().optional(),
        weight_bytes: z.number().optional(),
      }),
    ),
  })
  .meta({ id: 'Models' });
export type ModelsBody = z.input<typeof modelsSchema>;

/** Answer of GET /admin/audit. */
export const auditStatusSchema = z
  .strictObject({
    worker_id: z.string(),
    enabled: z.boolean().meta({ description: 'Whether anything is recorded at all.' }),
    spool: z
      .strictObject({ records: z.int().min(0), bytes: z.int().min(0) })
      .meta({ description: 'What this process has recorded and is not known to be in the table.' }),
    lag_seconds: z.number().min(0).meta({ description: 'Age of the oldest such record.' }),
    redis_available: z.boolean(),
    database_available: z.boolean(),
    faults: z
      .strictObject({ queue: z.string().optional(), database: z.string().optional() })
      .meta({ description: 'Why what cannot be reached or used cannot be, and what to do.' }),
    database_connections: z
      .strictObject({ size: z.int().min(0), idle: z.int().min(0) })
      .optional()
      .meta({ description: 'Of this process; absent while there are none.' }),
  })
  .meta({ id: 'AuditStatus' });
export type AuditStatusBody = z.output<typeof auditStatusSchema>;
