import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { Snapshotter } from '../../snapshotters/snapshotter.ts';

/** The snapshotters by name, each behind the metadata layer that keeps namespaces apart. */
export const snapshottersToken = new PluginToken<ReadonlyMap<string, Snapshotter>>(
  pluginTypes.service,
  'snapshots-service',
);
