import { z } from 'zod';

const MAX_REASON_LENGTH = 200;

const scope = z.enum(['all', 'replica']).meta({
  description: 'All replicas that share a Redis, or this process alone. Not given: all where there is a Redis.',
});
const reason = z
  .string()
  .min(1, 'must not be empty')
  .max(MAX_REASON_LENGTH, `must have at most ${MAX_REASON_LENGTH} characters`)
  .meta({ description: 'For operators: in the log and the status, never in the answers to clients.' });
const instant = z.iso.datetime({ offset: true, error: 'must be a date and time such as 2026-11-20T10:15:00Z' });

/** Body of PUT /admin/maintenance. */
export const maintenanceRequestSchema = z
  .strictObject({
    on: z.boolean(),
    scope: scope.optional(),
    reason: reason.optional(),
    until: instant.optional().meta({ description: 'When it ends by itself; needs `on`.' }),
  })
  .meta({ id: 'MaintenanceRequest' });

const switchSchema = z.strictObject({
  on: z.boolean().meta({ description: 'False, too, when its time is over.' }),
  since: instant.optional().meta({ description: 'When it was last switched.' }),
  until: instant.optional(),
  reason: z.string().optional(),
});

/** Answer of GET and PUT /admin/maintenance. */
export const maintenanceSchema = z
  .strictObject({
    active: z
      .boolean()
      .meta({ description: 'Whether requests to models are refused here: while either switch is on.' }),
    worker_id: z.string(),
    replica: switchSchema.meta({ description: 'The switch of this process.' }),
    all: switchSchema
      .extend({
        reachable: z.boolean().meta({ description: 'Whether Redis answers; if not, this is the last known state.' }),
      })
      .optional()
      .meta({ description: 'The switch of all replicas; absent without Redis.' }),
  })
  .meta({ id: 'Maintenance' });
export type Maintenance = z.output<typeof maintenanceSchema>;
