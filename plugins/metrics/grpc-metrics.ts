import type { CallObservation, CallObserver, ObservedCall } from '../../api/rpc/call-observer.ts';
import type { RpcService } from '../../api/rpc/service.ts';
import { Histogram } from '../../pkg/metrics/histogram.ts';
import type { MetricFamily, MetricSample } from '../../pkg/metrics/metric-family.ts';
import type { MetricSource } from '../../pkg/metrics/metric-source.ts';

/** The names of the codes, by their numbers. */
const codes = [
  ...['OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound', 'AlreadyExists'],
  ...['PermissionDenied', 'ResourceExhausted', 'FailedPrecondition', 'Aborted', 'OutOfRange', 'Unimplemented'],
  ...['Internal', 'Unavailable', 'DataLoss', 'Unauthenticated'],
];
/** Prometheus's default buckets, in seconds. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What was counted of one method. */
class MethodCounts {
  readonly labels: MetricSample['labels'];
  readonly handled: number[] = codes.map(() => 0);
  readonly seconds: Histogram | undefined;
  started = 0;
  received = 0;
  sent = 0;

  constructor(service: string, method: string, type: string, histogram: boolean) {
    this.labels = [
      ['grpc_method', method],
      ['grpc_service', service],
      ['grpc_type', type],
    ];
    this.seconds = histogram ? new Histogram(bounds) : undefined;
  }
}

/** Counts gRPC calls under the names of go-grpc-middleware, which containerd uses; all methods are there from the start, at 0. */
export class GrpcMetrics implements CallObserver, MetricSource {
  readonly #histogram: boolean;
  readonly #methods = new Map<string, MethodCounts>();

  /** @param histogram whether to measure how long calls take */
  constructor(services: Iterable<RpcService>, histogram: boolean) {
    this.#histogram = histogram;
    for (const { definition } of services) {
      for (const { name, ...kind } of Object.values(definition.methods)) {
        this.#countsOf({ service: definition.fullName, method: name, ...kind });
      }
    }
  }

  begin(call: ObservedCall): CallObservation | undefined {
    if (call.transport !== 'grpc') return undefined;
    const counts = this.#countsOf(call);
    const start = performance.now();
    const unary = !call.requestStream && !call.responseStream;
    counts.started++;
    let sent = false;
    return {
      received: () => counts.received++,
      sent() {
        sent = true;
        counts.sent++;
      },
      ended(code) {
        // A unary call's answer is counted, be it an error.
        if (unary && !sent) counts.sent++;
        counts.handled[code] = (counts.handled[code] ?? 0) + 1;
        counts.seconds?.observe((performance.now() - start) / 1000);
      },
    };
  }

  collect(): readonly MetricFamily[] {
    const all = [...this.#methods.values()];
    const single = (value: (counts: MethodCounts) => number): MetricSample[] =>
      all.map((counts) => ({ labels: counts.labels, value: value(counts) }));
    const handled = all.flatMap(({ labels, handled }) =>
      handled.map((value, code) => ({ labels: [['grpc_code', codes[code] ?? ''] as const, ...labels], value })),
    );
    const families: MetricFamily[] = [
      {
        name: 'grpc_server_handled_total',
        help: 'Total number of RPCs completed on the server, regardless of success or failure.',
        type: 'counter',
        samples: handled,
      },
      {
        name: 'grpc_server_msg_received_total',
        help: 'Total number of RPC stream messages received on the server.',
        type: 'counter',
        samples: single(({ received }) => received),
      },
      {
        name: 'grpc_server_msg_sent_total',
        help: 'Total number of gRPC stream messages sent by the server.',
        type: 'counter',
        samples: single(({ sent }) => sent),
      },
      {
        name: 'grpc_server_started_total',
        help: 'Total number of RPCs started on the server.',
        type: 'counter',
        samples: single(({ started }) => started),
      },
    ];
    return this.#histogram ? [...families, secondsFamily(all)] : families;
  }

  #countsOf({ service, method, requestStream, responseStream }: Omit<ObservedCall, 'transport' | 'header'>) {
    const path = `${service}/${method}`;
    let counts = this.#methods.get(path);
    if (!counts) {
      const client = requestStream ? 'client_stream' : 'unary';
      const type = responseStream ? (requestStream ? 'bidi_stream' : 'server_stream') : client;
      counts = new MethodCounts(service, method, type, this.#histogram);
      this.#methods.set(path, counts);
    }
    return counts;
  }
}

function secondsFamily(all: readonly MethodCounts[]): MetricFamily {
  return {
    name: 'grpc_server_handling_seconds',
    help: 'Histogram of response latency (seconds) of gRPC that had been application-level handled by the server.',
    type: 'histogram',
    samples: all.flatMap(({ labels, seconds }) => seconds?.samples(labels) ?? []),
  };
}
