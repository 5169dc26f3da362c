import type { RpcService } from '../../api/rpc/service.ts';
import { definePlugin } from '../../pkg/plugin/define-plugin.ts';
import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import { eventExchangeToken } from '../events/event-exchange-token.ts';
import { databaseToken } from '../../pkg/database/database-token.ts';
import { containerStoreToken } from './container-store-token.ts';
import { DatabaseContainerStore } from './database-container-store.ts';
import { containersGrpc } from './grpc.ts';

/** The containers of all namespaces. */
export const containerStorePlugin = definePlugin({
  token: containerStoreToken,
  requires: [pluginTypes.metadata, pluginTypes.event],
  init: (context) => new DatabaseContainerStore(context.get(databaseToken), context.get(eventExchangeToken)),
});

/** Containers over gRPC, for clients. */
export const containersGrpcPlugin = definePlugin({
  token: new PluginToken<readonly RpcService[]>(pluginTypes.grpc, 'containers'),
  requires: [pluginTypes.service],
  init: (context) => [containersGrpc(context.get(containerStoreToken))],
});
