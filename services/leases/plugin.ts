import type { RpcService } from '../../api/rpc/service.ts';
import { definePlugin } from '../../pkg/plugin/define-plugin.ts';
import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import { garbageCollectorToken } from '../gc/garbage-collector-token.ts';
import { databaseToken } from '../../pkg/database/database-token.ts';
import { DatabaseLeaseManager } from './database-lease-manager.ts';
import { leasesGrpc } from './grpc.ts';
import { leaseManagerToken } from './lease-manager-token.ts';

/** The leases of all namespaces. */
export const leaseManagerPlugin = definePlugin({
  token: leaseManagerToken,
  requires: [pluginTypes.metadata, pluginTypes.gc],
  init: (context) => new DatabaseLeaseManager(context.get(databaseToken), context.get(garbageCollectorToken)),
});

/** Leases over gRPC, for clients. */
export const leasesGrpcPlugin = definePlugin({
  token: new PluginToken<readonly RpcService[]>(pluginTypes.grpc, 'leases'),
  requires: [leaseManagerToken.type],
  init: (context) => [leasesGrpc(context.get(leaseManagerToken))],
});
