export { configOrExit, exitIfInvalid } from './config/config-or-exit.js';
export { ConfigError } from './config/config.errors.js';
export {
  flag,
  host,
  list,
  namedList,
  oneOf,
  percent,
  seconds,
  serviceUrl,
  share,
  text,
  toMs,
  whole,
} from './config/environment.js';
export { namedUrls } from './config/named-urls.js';
export type { NamedUrl } from './config/named-urls.js';
export { readEnvironment } from './config/read-environment.js';
export type { Contradiction } from './config/read-environment.js';
export {
  adminKeyVariables,
  auditWorkerVariables,
  identityVariables,
  serviceVariables,
  toIdentity,
  toServices,
  workerId,
} from './config/shared-variables.js';
export { Drain } from './drain/drain.js';
export type { DrainPlan, DrainStep } from './drain/drain.js';
export { generateKey, ROLES } from './keys/api-key.js';
export type { ApiKey, Role } from './keys/api-key.js';
export { changeKeyFile } from './keys/change-key-file.js';
export { KeyFileError, MAX_BURST, MAX_NOTE_LENGTH, readKeyFile } from './keys/key-file.js';
export type { KeyRecord } from './keys/key-file.js';
export { KeyRing } from './keys/key-ring.js';
export { KeyStore } from './keys/key-store.js';
export type { KeySources, ReloadStatus } from './keys/key-store.js';
export { HEALTH_STATUSES } from './health/health-check.js';
export type { HealthCheck, HealthStatus } from './health/health-check.js';
export { HealthChecks, isUsable } from './health/health-checks.js';
export { liveness } from './health/liveness.js';
export type { Liveness } from './health/liveness.js';
export { loadHealthModule } from './health/load-health-module.js';
export { memoryLimitBytes } from './health/memory-limit.js';
export { acceptingCheck, serviceChecks } from './health/own-checks.js';
export { remoteCheck } from './health/remote-checks.js';
export { SystemChecks } from './health/system-checks.js';
export { IDENTIFIER, IDENTIFIER_IN_WORDS } from './identifier.js';
export { AccessLog } from './logging/access-log.js';
export type { AccessLogOptions, RequestEnd } from './logging/access-log.js';
export { createLog } from './logging/log.js';
export type { Identity, Log, LogFields, ProcessLog } from './logging/log.js';
export { NestLog } from './logging/nest-log.js';
export { MaintenanceUnavailableError } from './maintenance/maintenance.errors.js';
export { registerMaintenanceMetrics } from './maintenance/maintenance.metrics.js';
export { MaintenanceModule } from './maintenance/maintenance.module.js';
export { MaintenanceMode } from './maintenance/maintenance-mode.js';
export type { MaintenanceScope } from './maintenance/maintenance-switch.js';
export { SharedSwitch } from './maintenance/shared-switch.js';
export { HttpMetrics } from './metrics/http-metrics.js';
export { HttpMetricsModule } from './metrics/http-metrics.module.js';
export type { RouteClass } from './metrics/http-metrics.js';
export { underServiceLevels } from './metrics/route-counts.js';
export type { RouteMeter } from './metrics/route-counts.js';
export { makeSeriesHistogramProvider, SeriesHistogram } from './metrics/series-histogram.js';
export type { HistogramSeries } from './metrics/series-histogram.js';
export { registerServiceLevelMetrics } from './metrics/service-levels.metrics.js';
export { ServiceLevels } from './metrics/service-levels.js';
export type { ServiceObjectives, TellableOutcome } from './metrics/service-levels.js';
export { OpsModule } from './ops.module.js';
export { dieOfSurprises } from './process/die-of-surprises.js';
export { listenOrExit } from './process/listen-or-exit.js';
export { openTracing } from './tracing/open-tracing.js';
export { TRACE_SAMPLERS } from './tracing/tracing.options.js';
export type { TracingOptions } from './tracing/tracing.options.js';
export { traced } from './tracing/trace.js';
export type { RequestTrace, TraceSpan, Tracing } from './tracing/trace.js';
export { parseTraceparent } from './tracing/traceparent.js';
