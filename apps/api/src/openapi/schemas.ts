import { z } from 'zod';
import { maintenanceRequestSchema, maintenanceSchema } from '../admin/maintenance.schema.js';
import { auditStatusSchema, breakerSchema, breakersSchema, modelsSchema } from '../admin/admin.schema.js';
import {
  aboutSchema,
  basicHealthSchema,
  checkReportSchema,
  healthReportSchema,
  healthSchema,
  readinessSchema,
} from '../health/health.schema.js';
import {
  batchRequestSchema,
  batchResponseSchema,
  inferRequestSchema,
  inferResponseSchema,
} from '../infer/infer.schema.js';
import { problemSchema } from './problem.schema.js';

/** Where the document keeps a schema, by its name. */
export const refTo = (name: SchemaName) => ({ $ref: `#/components/schemas/${name}` });

const SCHEMAS = {
  InferRequest: inferRequestSchema,
  InferResponse: inferResponseSchema,
  BatchRequest: batchRequestSchema,
  BatchResponse: batchResponseSchema,
  BasicHealth: basicHealthSchema,
  CheckReport: checkReportSchema,
  HealthReport: healthReportSchema,
  Health: healthSchema,
  Readiness: readinessSchema,
  About: aboutSchema,
  Maintenance: maintenanceSchema,
  MaintenanceRequest: maintenanceRequestSchema,
  Breaker: breakerSchema,
  Breakers: breakersSchema,
  Models: modelsSchema,
  AuditStatus: auditStatusSchema,
  Problem: problemSchema,
};

/** Names of the schemas in the document. */
export type SchemaName = keyof typeof SCHEMAS;

/** The schemas that requests are checked with, and those of the answers, as JSON Schema 2020-12. */
export function componentSchemas(): Record<string, object> {
  const registry = z.registry<{ id?: string | undefined }>();
  Object.entries(SCHEMAS).forEach(([id, schema]) => registry.add(schema, { id }));
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}`, io: 'input' });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $schema: _dialect, $id: _uri, id: _id, ...schema }]) => [name, schema]),
  );
}
