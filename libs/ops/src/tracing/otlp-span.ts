import {
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type HrTime,
  type Span,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api';
import type { TraceAttributes, TraceSpan } from './trace.js';

/** Where a span belongs. */
export interface OtlpScope {
  tracer: Tracer;
  parent: Context;
  /** What makes a `performance.now()` a time of day; one for a whole trace, so that its parts do not seem to overlap. */
  clockOffsetMs: number;
}

/** What a span is. */
export interface OtlpPart {
  name: string;
  kind?: SpanKind;
  attributes: TraceAttributes;
  startMs?: number | undefined;
  links?: readonly OtlpSpan[];
}

/** A span of OpenTelemetry with the times of our own clock. */
export class OtlpSpan implements TraceSpan {
  private readonly span: Span;
  private readonly scope: OtlpScope;

  constructor({ tracer, parent, clockOffsetMs }: OtlpScope, part: OtlpPart) {
    const { name, kind = SpanKind.INTERNAL, attributes, startMs = performance.now(), links = [] } = part;
    this.span = tracer.startSpan(
      name,
      {
        kind,
        attributes, // OpenTelemetry leaves out what is undefined
        startTime: timeOfDay(startMs + clockOffsetMs),
        links: links.map(({ spanContext: context }) => ({ context })),
      },
      parent,
    );
    this.scope = { tracer, parent: trace.setSpan(parent, this.span), clockOffsetMs };
  }

  get spanContext(): SpanContext {
    return this.span.spanContext();
  }

  get isRecording(): boolean {
    return this.span.isRecording();
  }

  child(name: string, attributes: TraceAttributes = {}, startMs?: number): OtlpSpan {
    return this.part({ name, attributes, startMs });
  }

  /** A child with links. */
  part(part: OtlpPart): OtlpSpan {
    return new OtlpSpan(this.scope, part);
  }

  link(other: OtlpSpan): void {
    this.span.addLink({ context: other.spanContext });
  }

  set(attributes: TraceAttributes): void {
    if (this.isRecording) {
      this.span.setAttributes(attributes);
    }
  }

  end(error?: unknown, endMs = performance.now()): void {
    if (!this.isRecording) {
      return;
    }
    if (error !== undefined) {
      this.span.setAttribute('error.type', codeOf(error));
      this.span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.span.end(timeOfDay(endMs + this.scope.clockOffsetMs));
  }
}

function timeOfDay(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.floor((ms - seconds * 1000) * 1e6)];
}

function codeOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return typeof code === 'string' ? code : typeof name === 'string' ? name : typeof error;
}
