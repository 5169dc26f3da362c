import { randomBytes } from 'node:crypto';
import type { CallObservation, CallObserver, ObservedCall } from '../../api/rpc/call-observer.ts';
import { traceContext } from '../../pkg/log/trace-context.ts';
import { nowNanoseconds } from '../../pkg/time/now-nanoseconds.ts';
import type { Span } from './span.ts';
import { parseTraceParent, type TraceParent } from './trace-parent.ts';

/** Which calls are traced, and who gets their spans. */
export interface CallTracerOptions {
  /** Which part of new traces is recorded, 0 to 1. */
  readonly ratio: number;
  /** Whether the caller's decision goes before that. */
  readonly parentBased: boolean;
  readonly export: (span: Span) => void;
}

/** The names of the status codes, by their numbers. */
const codes = [
  ...['OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS'],
  ...['PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED'],
  ...['INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED'],
];
/** Status codes that are the server's fault, by OpenTelemetry's conventions: Unknown, DeadlineExceeded, Unimplemented, Internal, Unavailable, DataLoss. */
const serverFaults: ReadonlySet<number> = new Set([2, 4, 12, 13, 14, 15]);

/** Makes a span of each call, under the caller's span if it names one. Log lines of the work carry its trace's id. */
export class CallTracer implements CallObserver {
  readonly #options: CallTracerOptions;

  constructor(options: CallTracerOptions) {
    this.#options = options;
  }

  begin(call: ObservedCall): CallObservation {
    const parent = parseTraceParent(call.header('traceparent'));
    const traceId = parent?.traceId ?? randomBytes(16).toString('hex');
    const run = <T>(work: () => T): T => traceContext.run(traceId, work);
    if (!this.#sampled(traceId, parent)) return { run };
    const start = nowNanoseconds();
    const { transport, service, method } = call;
    const traceState = parent === undefined ? '' : (call.header('tracestate') ?? '');
    return {
      run,
      ended: (code) => {
        this.#options.export({
          ...{ traceId, spanId: randomBytes(8).toString('hex'), parentSpanId: parent?.spanId ?? '', traceState },
          ...{ name: `${service}/${method}`, start, end: nowNanoseconds(), failed: serverFaults.has(code) },
          attributes: {
            'rpc.system.name': transport,
            'rpc.method': `${service}/${method}`,
            'rpc.response.status_code': codes[code] ?? String(code),
          },
        });
      },
    };
  }

  #sampled(traceId: string, parent: TraceParent | undefined): boolean {
    const { ratio, parentBased } = this.#options;
    if (parentBased && parent !== undefined) return parent.sampled;
    // The same decision wherever the trace goes: its id decides, by its last 63 bits.
    return ratio >= 1 || BigInt(`0x${traceId.slice(16)}`) >> 1n < BigInt(Math.floor(ratio * 2 ** 63));
  }
}
