/** What is told of a span. */
export type SpanAttributes = Readonly<Record<string, string | number>>;

/** A piece of work that is over, in the terms of OpenTelemetry. */
export interface Span {
  /** 32 and 16 hexadecimal digits. */
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the root of a trace. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  /** Nanoseconds since 1970. */
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: SpanAttributes;
  /** Whether it went wrong on our side. */
  readonly failed: boolean;
}

/** Where all spans of a process come from. */
export interface SpanResource {
  readonly attributes: SpanAttributes;
  /** What made them. */
  readonly scope: { readonly name: string; readonly version: string };
}
