export { createLog, LOG_LEVELS } from './logging/log.js';
export type { Log, LogFields, LogLevel, LogOptions } from './logging/log.js';
export { NestLog } from './logging/nest-log.js';
export { HttpMetrics } from './metrics/http-metrics.js';
export type { RouteClass } from './metrics/http-metrics.js';
export type { RouteMeter } from './metrics/route-counts.js';
export { OpsModule } from './ops.module.js';
export type { OpsOptions } from './ops.module.js';
