/** What a span is marked with; never a text, a key or a password. */
export type TraceAttributes = Record<string, string | number | boolean | undefined>;

/** A piece of the work on a request that is being traced. Times are those of `performance.now()`. */
export interface TraceSpan {
  /** Begins a part of this piece, now or at `startMs`. */
  child(name: string, attributes?: TraceAttributes, startMs?: number): TraceSpan;
  set(attributes: TraceAttributes): void;
  /**
   * Ends it, now or at `endMs`; with an error its code, not its words, becomes part of the span. What has ended does not
   * change any more.
   */
  end(error?: unknown, endMs?: number): void;
}

/** A request as traces know it. */
export interface RequestTrace {
  traceId: string;
  /** This request as others may name it as their parent (W3C Trace Context). */
  traceparent: string;
  /** Undefined when this request is not sampled. */
  span: TraceSpan | undefined;
}

/** A request that begins. */
export interface TracedRequest {
  name: string;
  /** The headers of the same names. */
  traceparent: string | undefined;
  tracestate: string | undefined;
  startMs: number;
  attributes: TraceAttributes;
}

/** A batch that a worker has computed or failed to, and those of its items that are traced. */
export interface TracedBatch {
  /** `name/version` of the model. */
  key: string;
  items: number;
  startMs: number;
  endMs: number;
  error?: Error | undefined;
  traced: readonly { span: unknown; queuedMs: number }[];
}

/** Where traces go. */
export interface Tracing {
  begin(request: TracedRequest): RequestTrace;
  onBatch(batch: TracedBatch): void;
  /** Exports what is left, for `timeoutMs` at the most. */
  close(timeoutMs: number): Promise<void>;
}

/** Does some work as a part of what is traced; where nothing is, it is just done. */
export function traced<T>(
  parent: TraceSpan | undefined,
  name: string,
  work: (span: TraceSpan | undefined) => Promise<T>,
): Promise<T> {
  return parent ? within(parent.child(name), work) : work(undefined);
}

async function within<T>(span: TraceSpan, work: (span: TraceSpan) => Promise<T>): Promise<T> {
  try {
    const result = await work(span);
    span.end();
    return result;
  } catch (error) {
    span.end(error);
    throw error;
  }
}
