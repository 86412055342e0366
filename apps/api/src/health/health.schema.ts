import { z } from 'zod';
import { HEALTH_STATUSES } from '@app/ops';
import { MODES } from '../config.js';

const timestamp = z.iso.datetime().meta({ description: 'When the answer was made.' });

const mode = z.enum(MODES).meta({
  description:
    'production: Redis and Postgres are given; embedded: Falcon brings its own Postgres and does without Redis; mixed: one of each.',
});

/** Answer of GET /healthz. */
export const healthSchema = z
  .strictObject({
    status: z.enum(['healthy', 'unhealthy']),
    worker_id: z.string(),
    timestamp,
    uptime_seconds: z.number().min(0),
  })
  .meta({ id: 'Health' });
export type Health = z.output<typeof healthSchema>;

const status = z.enum(HEALTH_STATUSES).meta({
  description: 'degraded: it does its work, with less than it should have; unknown: it has not been asked yet.',
});

/** Answer of GET /_health/checks/{name}. */
export const checkReportSchema = z
  .strictObject({
    name: z.string(),
    status,
    latency_ms: z.number().min(0).meta({ description: 'How long the check took when it was asked last.' }),
    message: z.string().optional(),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'CheckReport' });

/** Answer of GET /_health/live, /_health/ready and /_health/startup. */
export const healthReportSchema = z
  .strictObject({ status, checks: z.array(checkReportSchema) })
  .meta({ id: 'HealthReport' });

/** Answer of GET /_ops/live, /_ops/ready and /_ops/startup. */
export const basicHealthSchema = z.strictObject({ status: z.literal('ok') }).meta({ id: 'BasicHealth' });

/** A version of a model, as readiness and operators are told of it. */
export const modelStateSchema = z.strictObject({
  name: z.string(),
  version: z.string(),
  state: z.enum(['loading', 'ready', 'refused']),
  serving: z.boolean().meta({ description: 'Whether requests that name no version are answered by this one.' }),
  reason: z.string().optional().meta({ description: 'Why the version was refused.' }),
});

/** Answer of GET /readyz. */
export const readinessSchema = z
  .strictObject({
    ready: z.boolean(),
    worker_id: z.string(),
    checks: z.strictObject({
      model_loaded: z.boolean(),
      redis_available: z.boolean(),
      database_available: z.boolean(),
    }),
    timestamp,
    mode,
    models: z.array(modelStateSchema),
  })
  .meta({ id: 'Readiness' });
export type Readiness = z.output<typeof readinessSchema>;

/** Answer of GET /. */
export const aboutSchema = z
  .strictObject({
    name: z.string(),
    version: z.string(),
    worker_id: z.string(),
    status: z.enum(['running', 'shutting_down']),
    mode,
    links: z.record(z.string(), z.string()),
  })
  .meta({ id: 'About' });
export type About = z.output<typeof aboutSchema>;
