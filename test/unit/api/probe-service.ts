import { Any } from '../../../api/gen/google/protobuf/any.ts';
import type { RequestContext } from '../../../api/rpc/request-context.ts';
import { rpcService, type RpcService } from '../../../api/rpc/service.ts';

const message = { requestType: Any, responseType: Any } as const;

/** One method of each kind of streaming, and some that end badly; `missing` never has a handler. */
export const probeDefinition = {
  name: 'Probe',
  fullName: 'test.v1.Probe',
  methods: {
    echo: { name: 'Echo', ...message, requestStream: false, responseStream: false },
    fail: { name: 'Fail', ...message, requestStream: false, responseStream: false },
    hang: { name: 'Hang', ...message, requestStream: false, responseStream: false },
    count: { name: 'Count', ...message, requestStream: false, responseStream: true },
    sum: { name: 'Sum', ...message, requestStream: true, responseStream: false },
    chat: { name: 'Chat', ...message, requestStream: true, responseStream: true },
    missing: { name: 'Missing', ...message, requestStream: false, responseStream: false },
  },
} as const;

/** What a probe saw. */
export interface ProbeRecord {
  /** Contexts of the calls, in order. */
  readonly contexts: RequestContext[];
  /** Settles with the first hanging call's reason to stop. */
  readonly hung: PromiseWithResolvers<unknown>;
  /** How many messages `count` has made, and whether its generator was closed. */
  made: number;
  returned: PromiseWithResolvers<void>;
}

/** A message whose type URL carries a word and whose value carries bytes. */
export function probe(word: string, value: Uint8Array = new Uint8Array()): Any {
  return { typeUrl: word, value };
}

/** The probe's service and what it records. */
export function probeService(fail: () => never = () => unreachable()): { service: RpcService; record: ProbeRecord } {
  const record: ProbeRecord = {
    contexts: [],
    hung: Promise.withResolvers(),
    made: 0,
    returned: Promise.withResolvers(),
  };
  const service = rpcService(probeDefinition, {
    echo(request, context) {
      record.contexts.push(context);
      return request.typeUrl === 'double' ? probe('', new Uint8Array(request.value.length * 2)) : request;
    },
    fail: () => fail(),
    hang: (_request, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          record.hung.resolve(signal.reason);
          reject(signal.reason as Error);
        });
      }),
    // `count` answers as many copies of the request's value as its word says.
    async *count(request) {
      try {
        const total = Number(request.typeUrl);
        for (let index = 0; index < total; index++) {
          record.made++;
          yield probe(String(index), request.value);
          await Promise.resolve();
        }
      } finally {
        record.returned.resolve();
      }
    },
    async sum(requests) {
      let bytes = 0;
      for await (const request of requests) bytes += request.value.length;
      return probe(String(bytes));
    },
    async *chat(requests, context) {
      context.sendHeaders();
      for await (const request of requests) {
        if (request.typeUrl === 'fail') fail();
        if (request.typeUrl === 'stop') return;
        yield request;
      }
    },
  });
  return { service, record };
}

function unreachable(): never {
  throw new Error('the test gave no way to fail');
}
