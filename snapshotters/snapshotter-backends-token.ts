import { PluginTypeToken } from '../pkg/plugin/plugin-type-token.ts';
import { pluginTypes } from '../pkg/plugin/plugin-type.ts';
import type { Snapshotter } from './snapshotter.ts';

/** The snapshotters themselves, without namespaces. */
export const snapshotterBackendsToken = new PluginTypeToken<Snapshotter>(pluginTypes.snapshotter);
