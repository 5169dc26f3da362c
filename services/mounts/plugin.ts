import { join } from 'node:path';
import type { RpcService } from '../../api/rpc/service.ts';
import { databaseToken } from '../../pkg/database/database-token.ts';
import { definePlugin } from '../../pkg/plugin/define-plugin.ts';
import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import { garbageCollectorToken } from '../gc/garbage-collector-token.ts';
import { CollectableMounts } from './collectable-mounts.ts';
import { mountsGrpc } from './grpc.ts';
import { LocalMountManager } from './local-mount-manager.ts';
import { mountManagerToken } from './mount-manager-token.ts';

/** Mounts that the daemon performs for others, below `<state>/io.containerd.mount-manager.v1.bolt/t`. */
export const mountManagerPlugin = definePlugin({
  token: mountManagerToken,
  requires: [pluginTypes.metadata, pluginTypes.gc],
  async init(context) {
    const { daemon, log, state } = context;
    const database = context.get(databaseToken);
    const manager = new LocalMountManager({ database, targets: join(state, 't'), roots: [daemon.root], log });
    await manager.reconcile();
    context.own(context.get(garbageCollectorToken).registerResources(new CollectableMounts(database, manager)));
    return manager;
  },
});

/** Mounts over gRPC, for clients. */
export const mountsGrpcPlugin = definePlugin({
  token: new PluginToken<readonly RpcService[]>(pluginTypes.grpc, 'mounts'),
  requires: [pluginTypes.mountManager],
  init: (context) => [mountsGrpc(context.get(mountManagerToken))],
});
