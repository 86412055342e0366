import type { AccessLogOptions, TracingOptions } from '@app/ops';
import type { Environment } from './environment.js';

/** What the server tells of its requests. */
export interface ObservabilityConfig {
  /** Which requests have a line in the log. */
  accessLog: AccessLogOptions;
  /** Undefined: nothing is traced. */
  tracing: TracingOptions | undefined;
}

/** The part of the configuration that says so. */
export function toObservabilityConfig(env: Environment): ObservabilityConfig {
  const endpoint = env.OTEL_EXPORTER_OTLP_ENDPOINT;
  return {
    accessLog: { sampleRate: env.ACCESS_LOG_SAMPLE_RATE, slowMs: env.ACCESS_LOG_SLOW_MS },
    tracing: endpoint === undefined ? undefined : toTracingOptions(env, endpoint),
  };
}

function toTracingOptions(env: Environment, endpoint: string): TracingOptions {
  return {
    endpoint,
    sampler: env.OTEL_TRACES_SAMPLER,
    ratio: env.OTEL_TRACES_SAMPLER_ARG,
    appName: env.APP_NAME,
    version: env.APP_VERSION,
    workerId: env.WORKER_ID,
    environment: env.ENVIRONMENT,
  };
}
