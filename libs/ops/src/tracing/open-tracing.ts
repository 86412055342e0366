import type { Log } from '../logging/log.js';
import type { Tracing } from './trace.js';
import type { TracingOptions } from './tracing.options.js';

/** Begins to trace. OpenTelemetry is loaded here and not before: a server that does not trace does not pay for it. */
export async function openTracing(options: TracingOptions, log: Log): Promise<Tracing> {
  const { OtlpTracing } = await import('./otlp-tracing.js');
  return new OtlpTracing(options, log);
}
