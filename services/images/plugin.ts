import type { RpcService } from '../../api/rpc/service.ts';
import { definePlugin } from '../../pkg/plugin/define-plugin.ts';
import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import { eventExchangeToken } from '../events/event-exchange-token.ts';
import { garbageCollectorToken } from '../gc/garbage-collector-token.ts';
import { databaseToken } from '../../pkg/database/database-token.ts';
import { DatabaseImageStore } from './database-image-store.ts';
import { imagesGrpc } from './grpc.ts';
import { imageStoreToken } from './image-store-token.ts';

/** The images of all namespaces. */
export const imageStorePlugin = definePlugin({
  token: imageStoreToken,
  requires: [pluginTypes.metadata, pluginTypes.event, pluginTypes.gc],
  init: (context) =>
    new DatabaseImageStore(
      context.get(databaseToken),
      context.get(eventExchangeToken),
      context.get(garbageCollectorToken),
    ),
});

/** Images over gRPC, for clients. */
export const imagesGrpcPlugin = definePlugin({
  token: new PluginToken<readonly RpcService[]>(pluginTypes.grpc, 'images'),
  requires: [pluginTypes.service],
  init: (context) => [imagesGrpc(context.get(imageStoreToken))],
});
