/** Which requests are traced, as OpenTelemetry names it. */
export const TRACE_SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;
export type TraceSampler = (typeof TRACE_SAMPLERS)[number];

/** Where traces go, and who sends them. */
export interface TracingOptions {
  /** Base address of an OTLP/HTTP receiver, such as `http://collector:4318`. */
  endpoint: string;
  sampler: TraceSampler;
  /** Share of the traces that a sampler with a ratio takes, 0 to 1. */
  ratio: number;
  appName: string;
  version: string;
  workerId: string;
  environment: string;
}
