import type { RpcService } from '../../api/rpc/service.ts';
import { definePlugin } from '../../pkg/plugin/define-plugin.ts';
import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import { snapshotterBackendsToken } from '../../snapshotters/snapshotter-backends-token.ts';
import type { Snapshotter } from '../../snapshotters/snapshotter.ts';
import { eventExchangeToken } from '../events/event-exchange-token.ts';
import { cleanBackend } from '../gc/clean-backend.ts';
import { garbageCollectorToken } from '../gc/garbage-collector-token.ts';
import { snapshotsTable } from '../metadata/snapshots-table.ts';
import { databaseToken } from '../../pkg/database/database-token.ts';
import { snapshotsGrpc } from './grpc.ts';
import { openNamespacedSnapshotter } from './namespaced/open-namespaced-snapshotter.ts';
import { snapshottersToken } from './snapshotters-token.ts';

/** All snapshotters that came up, each behind the metadata layer. */
export const snapshottersPlugin = definePlugin({
  token: snapshottersToken,
  requires: [pluginTypes.snapshotter, pluginTypes.metadata, pluginTypes.event, pluginTypes.gc],
  async init(context) {
    const database = context.get(databaseToken);
    const events = context.get(eventExchangeToken);
    const wrapped = new Map<string, Snapshotter>();
    for (const [name, backend] of context.getAll(snapshotterBackendsToken)) {
      const snapshotter = await openNamespacedSnapshotter({ name, backend, database, events }, context.log);
      const registration = context.get(garbageCollectorToken).registerBackend({
        name: `snapshotter ${name}`,
        keeps: (table, group) => table === snapshotsTable.name && group.endsWith(`/${name}`),
        cleanup: () => cleanBackend(backend.remote === true, (scope) => snapshotter.cleanup(scope)),
      });
      context.own(registration);
      wrapped.set(name, snapshotter);
    }
    return wrapped;
  },
});

/** Snapshots over gRPC, for clients. */
export const snapshotsGrpcPlugin = definePlugin({
  token: new PluginToken<readonly RpcService[]>(pluginTypes.grpc, 'snapshots'),
  requires: [pluginTypes.service],
  init: (context) => [snapshotsGrpc(context.get(snapshottersToken))],
});
