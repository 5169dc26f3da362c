import type { RpcService } from '../../api/rpc/service.ts';
import { definePlugin } from '../../pkg/plugin/define-plugin.ts';
import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import { versionGrpc } from './grpc.ts';

/** The daemon's version over gRPC. */
export const versionGrpcPlugin = definePlugin({
  token: new PluginToken<readonly RpcService[]>(pluginTypes.grpc, 'version'),
  requires: [],
  init: (context) => [versionGrpc(context.daemon)],
});
