import { setTimeout as sleep } from 'node:timers/promises';
import {
  createTraceState,
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  SpanKind,
  trace,
  type Context,
  type Tracer,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type Sampler,
} from '@opentelemetry/sdk-trace';
import type { Log } from '../logging/log.js';
import { OtlpSpan } from './otlp-span.js';
import type { RequestTrace, TracedBatch, TracedRequest, Tracing } from './trace.js';
import { parseTraceparent } from './traceparent.js';
import type { TracingOptions } from './tracing.options.js';

/** A batch is linked to all of its requests. */
const MAX_LINKS = 1024;
/** Spans that may wait for the receiver; more are dropped, which OpenTelemetry tells. */
const MAX_WAITING_SPANS = 8192;
const EXPORT_EVERY_MS = 1000;
const MAX_COMPLAINT_LENGTH = 300;

/** Traces by OpenTelemetry, sent as OTLP/HTTP with JSON. A receiver that is away costs spans and a warning, nothing else. */
export class OtlpTracing implements Tracing {
  private readonly provider: TracerProvider;
  private readonly tracer: Tracer;

  constructor(options: TracingOptions, log: Log) {
    tellProblems(log);
    const exporter = new OTLPTraceExporter({ url: `${options.endpoint.replace(/\/+$/, '')}/v1/traces` });
    const service = resourceFromAttributes({
      'service.name': options.appName,
      'service.version': options.version,
      'service.instance.id': options.workerId,
      'deployment.environment.name': options.environment,
    });
    this.provider = new TracerProvider({
      // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES, which clusters set for all of their services, win.
      resource: service.merge(detectResources({ detectors: [envDetector] })),
      sampler: samplerOf(options),
      spanLimits: { linkCountLimit: MAX_LINKS },
      spanProcessors: [
        new BatchSpanProcessor({ exporter, maxQueueSize: MAX_WAITING_SPANS, scheduledDelayMillis: EXPORT_EVERY_MS }),
      ],
    });
    this.tracer = this.provider.getTracer('falcon', options.version);
  }

  begin({ name, traceparent, tracestate, startMs, attributes }: TracedRequest): RequestTrace {
    const parent = contextOf(traceparent, tracestate);
    const span = new OtlpSpan(
      { tracer: this.tracer, parent, clockOffsetMs: Date.now() - performance.now() },
      { name, kind: SpanKind.SERVER, attributes, startMs },
    );
    const { traceId, spanId, traceFlags } = span.spanContext;
    const flags = traceFlags.toString(16).padStart(2, '0');
    return {
      traceId,
      traceparent: `00-${traceId}-${spanId}-${flags}`,
      span: span.isRecording ? span : undefined,
    };
  }

  /**
   * Each request gets the time that its item waited and the time that its batch took. The batch itself is one span, in the
   * trace of its first request, and linked with all of them.
   */
  onBatch({ key, items, startMs, endMs, error, traced }: TracedBatch): void {
    const attributes = { 'falcon.model': key, 'falcon.batch.items': items };
    const parts = traced.flatMap(({ span, queuedMs }) => {
      if (!(span instanceof OtlpSpan)) {
        return [];
      }
      span.child('queue wait', {}, queuedMs).end(undefined, startMs);
      return [span.child('inference', attributes, startMs)];
    });
    const [first] = parts;
    if (first) {
      const batch = first.part({ name: 'batch', attributes, startMs, links: parts });
      parts.forEach((part) => part.link(batch));
      [batch, ...parts].forEach((span) => span.end(error, endMs));
    }
  }

  async close(timeoutMs: number): Promise<void> {
    // What could not be sent has been told by then.
    await Promise.race([this.provider.shutdown().catch(() => undefined), sleep(timeoutMs, undefined, { ref: false })]);
  }
}

function contextOf(traceparent: string | undefined, tracestate: string | undefined): Context {
  const parent = parseTraceparent(traceparent);
  return parent === undefined
    ? ROOT_CONTEXT
    : trace.setSpanContext(ROOT_CONTEXT, {
        traceId: parent.traceId,
        spanId: parent.spanId,
        traceFlags: parent.flags & 1,
        isRemote: true,
        ...(tracestate !== undefined && { traceState: createTraceState(tracestate) }),
      });
}

function samplerOf({ sampler, ratio }: TracingOptions): Sampler {
  const kind = sampler.replace('parentbased_', '');
  const root =
    kind === 'always_on'
      ? new AlwaysOnSampler()
      : kind === 'always_off'
        ? new AlwaysOffSampler()
        : new TraceIdRatioBasedSampler(ratio);
  return sampler.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

/** What OpenTelemetry has to complain about: above all that the receiver is away. */
function tellProblems(log: Log): void {
  const tell = (said: string): void => log.warning('Traces are not exported', { reason: reasonOf(said) });
  const ignore = (): void => undefined;
  diag.setLogger({ error: tell, warn: tell, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN);
}

/** Errors come as JSON with their stack. */
function reasonOf(said: string): string {
  try {
    const { message, code } = JSON.parse(said) as { message?: string; code?: string };
    return String(message || code);
  } catch {
    return said.slice(0, MAX_COMPLAINT_LENGTH);
  }
}
