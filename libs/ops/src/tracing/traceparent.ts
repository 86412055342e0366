/** Whose child a request is (W3C Trace Context). */
export interface TraceParent {
  traceId: string;
  spanId: string;
  flags: number;
}

const FIELDS = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;
const ZEROES = /^0+$/;

/** Reads the header; one that is malformed counts as absent, as the standard says. */
export function parseTraceparent(header: string | undefined): TraceParent | undefined {
  const [, version, traceId = '', spanId = '', flags = '', rest] = FIELDS.exec(header ?? '') ?? [];
  const isValid =
    version !== undefined &&
    version !== 'ff' &&
    (version !== '00' || rest === undefined) &&
    !ZEROES.test(traceId) &&
    !ZEROES.test(spanId);
  return isValid ? { traceId, spanId, flags: Number.parseInt(flags, 16) } : undefined;
}
