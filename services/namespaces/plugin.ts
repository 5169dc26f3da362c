import type { RpcService } from '../../api/rpc/service.ts';
import { definePlugin } from '../../pkg/plugin/define-plugin.ts';
import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import { eventExchangeToken } from '../events/event-exchange-token.ts';
import { databaseToken } from '../../pkg/database/database-token.ts';
import { DatabaseNamespaceStore } from './database-namespace-store.ts';
import { namespacesGrpc } from './grpc.ts';
import { namespaceStoreToken } from './namespace-store-token.ts';

/** The namespaces. */
export const namespaceStorePlugin = definePlugin({
  token: namespaceStoreToken,
  requires: [pluginTypes.metadata, pluginTypes.event],
  init: (context) => new DatabaseNamespaceStore(context.get(databaseToken), context.get(eventExchangeToken)),
});

/** Namespaces over gRPC, for clients. */
export const namespacesGrpcPlugin = definePlugin({
  token: new PluginToken<readonly RpcService[]>(pluginTypes.grpc, 'namespaces'),
  requires: [pluginTypes.service],
  init: (context) => [namespacesGrpc(context.get(namespaceStoreToken))],
});
