import type { RpcService } from '../../api/rpc/service.ts';
import { definePlugin } from '../../pkg/plugin/define-plugin.ts';
import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import { healthGrpc } from './grpc.ts';

/** Health over gRPC, which clients poll until the daemon is there. */
export const healthGrpcPlugin = definePlugin({
  token: new PluginToken<readonly RpcService[]>(pluginTypes.grpc, 'healthcheck'),
  requires: [],
  init(context) {
    const stopping = new AbortController();
    context.own({ [Symbol.dispose]: () => stopping.abort() });
    return [healthGrpc(stopping.signal)];
  },
});
