import { StreamingDefinition, StreamInit } from '../../api/gen/containerd/services/streaming/v1/streaming.ts';
import type { Any } from '../../api/gen/google/protobuf/any.ts';
import { Empty } from '../../api/gen/google/protobuf/empty.ts';
import { rpcService, type RpcService } from '../../api/rpc/service.ts';
import { packAny } from '../../api/any/pack-any.ts';
import { unpackAny } from '../../api/any/unpack-any.ts';
import { RpcStream } from './rpc-stream.ts';
import type { StreamManager } from './stream-manager.ts';

/** `containerd.services.streaming.v1.Streaming` over a stream manager. */
export function streamingGrpc(manager: StreamManager): RpcService {
  return rpcService(StreamingDefinition, {
    async *stream(requests, context) {
      const scope = context.scope();
      const messages = requests[Symbol.asyncIterator]();
      const first: IteratorResult<Any, undefined> = await messages.next();
      const init = unpackAny(first.value, 'containerd.services.streaming.v1.StreamInit', StreamInit);
      const stream = new RpcStream(messages, context.signal);
      using _registration = manager.register(scope, init.id, stream);
      yield packAny('google.protobuf.Empty', Empty, {});
      yield* stream.outgoing();
    },
  });
}
