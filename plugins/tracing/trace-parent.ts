/** The span that a caller names as its own: the `traceparent` header of W3C Trace Context, version 00. */
export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
  /** Whether the caller records its trace. */
  readonly sampled: boolean;
}

/** Reads the header; undefined when there is none or it is malformed, upon which a trace begins anew. */
export function parseTraceParent(header: string | undefined): TraceParent | undefined {
  const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
  const [, version = 'ff', traceId = '', spanId = '', flags = '', rest] = form.exec(header ?? '') ?? [];
  // Later versions may have more behind; the first has not.
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}
