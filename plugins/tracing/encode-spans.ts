import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { Span, SpanAttributes, SpanResource } from './span.ts';

const server = 2;
const statusError = 2;

/** Spans as an OTLP `ExportTraceServiceRequest` in protobuf (opentelemetry-proto, trace/v1). */
export function encodeSpans(resource: SpanResource, spans: readonly Span[]): Uint8Array {
  const writer = new BinaryWriter();
  const message = (number: number, write: () => void): void => {
    writer.uint32(number * 8 + 2).fork();
    write();
    writer.join();
  };
  const text = (number: number, value: string): void => {
    if (value !== '') writer.uint32(number * 8 + 2).string(value);
  };
  const attributes = (number: number, given: SpanAttributes): void => {
    for (const [key, value] of Object.entries(given)) {
      message(number, () => {
        text(1, key);
        message(2, () => {
          if (typeof value === 'string') writer.uint32(8 + 2).string(value);
          else writer.uint32(3 * 8).int64(value);
        });
      });
    }
  };
  const span = (each: Span): void => {
    writer.uint32(8 + 2).bytes(Buffer.from(each.traceId, 'hex'));
    writer.uint32(2 * 8 + 2).bytes(Buffer.from(each.spanId, 'hex'));
    text(3, each.traceState);
    if (each.parentSpanId !== '') writer.uint32(4 * 8 + 2).bytes(Buffer.from(each.parentSpanId, 'hex'));
    text(5, each.name);
    writer.uint32(6 * 8).int32(server);
    writer.uint32(7 * 8 + 1).fixed64(each.start);
    writer.uint32(8 * 8 + 1).fixed64(each.end);
    attributes(9, each.attributes);
    if (each.failed) message(15, () => writer.uint32(3 * 8).int32(statusError));
  };
  message(1, () => {
    message(1, () => attributes(1, resource.attributes));
    message(2, () => {
      message(1, () => {
        text(1, resource.scope.name);
        text(2, resource.scope.version);
      });
      for (const each of spans) message(2, () => span(each));
    });
  });
  return writer.finish();
}

/** The same as JSON: protobuf's JSON form, but for ids, which OTLP writes as hexadecimal digits. */
export function encodeSpansAsJson({ attributes, scope }: SpanResource, spans: readonly Span[]): string {
  const encoded = spans.map((span) => ({
    ...{ traceId: span.traceId, spanId: span.spanId, traceState: span.traceState, name: span.name, kind: server },
    ...(span.parentSpanId === '' ? {} : { parentSpanId: span.parentSpanId }),
    ...{ startTimeUnixNano: String(span.start), endTimeUnixNano: String(span.end) },
    attributes: jsonAttributes(span.attributes),
    status: span.failed ? { code: statusError } : {},
  }));
  const resourceSpans = [
    { resource: { attributes: jsonAttributes(attributes) }, scopeSpans: [{ scope, spans: encoded }] },
  ];
  return JSON.stringify({ resourceSpans });
}

function jsonAttributes(attributes: SpanAttributes) {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : { intValue: String(value) },
  }));
}
