import type { RpcService } from '../../api/rpc/service.ts';
import { databaseToken } from '../../pkg/database/database-token.ts';
import { definePlugin } from '../../pkg/plugin/define-plugin.ts';
import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import { eventExchangeToken } from '../events/event-exchange-token.ts';
import { shimManagerToken } from '../tasks/shim-manager-token.ts';
import { taskTimeouts } from '../tasks/task-timeouts.ts';
import { sandboxControllerGrpc } from './controller-grpc.ts';
import { DatabaseSandboxStore } from './database-sandbox-store.ts';
import { loadSandboxes } from './load-sandboxes.ts';
import { shimSandboxControllerToken } from './sandbox-controller-token.ts';
import { sandboxControllersToken } from './sandbox-controllers-token.ts';
import { SandboxControllers } from './sandbox-controllers.ts';
import { sandboxStoreToken } from './sandbox-store-token.ts';
import { sandboxStoresToken } from './sandbox-stores-token.ts';
import { ShimSandboxController } from './shim-sandbox-controller.ts';
import { sandboxStoreGrpc } from './store-grpc.ts';

/** The records of sandboxes. */
export const sandboxStorePlugin = definePlugin({
  token: sandboxStoreToken,
  requires: [pluginTypes.metadata],
  init: (context) => new DatabaseSandboxStore(context.get(databaseToken)),
});

/** Sandboxes in shims; those of an earlier daemon are found before anything is served. */
export const shimSandboxControllerPlugin = definePlugin({
  token: shimSandboxControllerToken,
  requires: [pluginTypes.shim, pluginTypes.event, pluginTypes.sandboxStore],
  async init(context) {
    const parts = {
      roots: { state: context.state, root: context.root },
      shims: context.get(shimManagerToken),
      events: context.get(eventExchangeToken),
      timeouts: taskTimeouts(context.daemon.timeouts),
      log: context.log,
    };
    const controller = new ShimSandboxController(parts);
    context.own(controller);
    const [store] = context.getAll(sandboxStoresToken).values();
    await loadSandboxes(controller, store, parts);
    return controller;
  },
});

/** The sandbox store over gRPC, for clients. */
export const sandboxesGrpcPlugin = definePlugin({
  token: new PluginToken<readonly RpcService[]>(pluginTypes.grpc, 'sandboxes'),
  requires: [pluginTypes.sandboxStore],
  init: (context) => [sandboxStoreGrpc(context.get(sandboxStoreToken))],
});

/** The sandbox controllers over gRPC, for clients. */
export const sandboxControllersGrpcPlugin = definePlugin({
  token: new PluginToken<readonly RpcService[]>(pluginTypes.grpc, 'sandbox-controllers'),
  requires: [pluginTypes.sandboxController, pluginTypes.event],
  init(context) {
    const controllers = context.getAll(sandboxControllersToken);
    return [sandboxControllerGrpc(new SandboxControllers(controllers, context.get(eventExchangeToken)))];
  },
});
