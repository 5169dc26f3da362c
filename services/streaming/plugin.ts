import type { RpcService } from '../../api/rpc/service.ts';
import { definePlugin } from '../../pkg/plugin/define-plugin.ts';
import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import { garbageCollectorToken } from '../gc/garbage-collector-token.ts';
import { streamingGrpc } from './grpc.ts';
import { streamManagerToken } from './stream-manager-token.ts';
import { Streams } from './streams.ts';

/** The streams. */
export const streamManagerPlugin = definePlugin({
  token: streamManagerToken,
  requires: [pluginTypes.gc],
  init(context) {
    const streams = new Streams();
    context.own(context.get(garbageCollectorToken).registerResources(streams));
    return streams;
  },
});

/** Streams over gRPC, for clients. */
export const streamingGrpcPlugin = definePlugin({
  token: new PluginToken<readonly RpcService[]>(pluginTypes.grpc, 'streaming'),
  requires: [pluginTypes.streaming],
  init: (context) => [streamingGrpc(context.get(streamManagerToken))],
});
