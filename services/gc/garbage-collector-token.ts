import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { GarbageCollector } from './garbage-collector.ts';

/** The garbage collector, by the name that containerd gives its scheduler. */
export const garbageCollectorToken = new PluginToken<GarbageCollector>(pluginTypes.gc, 'scheduler');
