import type { RpcService } from '../../api/rpc/service.ts';
import { definePlugin } from '../../pkg/plugin/define-plugin.ts';
import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import { eventExchangeToken } from './event-exchange-token.ts';
import { Exchange } from './exchange.ts';
import { eventsGrpc } from './grpc.ts';
import { eventsTtrpc } from './ttrpc.ts';

/** The exchange itself. */
export const eventExchangePlugin = definePlugin({
  token: eventExchangeToken,
  requires: [],
  init: () => new Exchange(),
});

/** Events over gRPC, for clients. */
export const eventsGrpcPlugin = definePlugin({
  token: new PluginToken<readonly RpcService[]>(pluginTypes.grpc, 'events'),
  requires: [pluginTypes.event],
  init: (context) => [eventsGrpc(context.get(eventExchangeToken))],
});

/** Events over ttrpc, for shims. */
export const eventsTtrpcPlugin = definePlugin({
  token: new PluginToken<readonly RpcService[]>(pluginTypes.ttrpc, 'events'),
  requires: [pluginTypes.event],
  init: (context) => [eventsTtrpc(context.get(eventExchangeToken))],
});
