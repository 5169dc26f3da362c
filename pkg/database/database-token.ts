import { PluginToken } from '../plugin/plugin-token.ts';
import { pluginTypes } from '../plugin/plugin-type.ts';
import type { Database } from './database.ts';

/** The daemon's database, by the name that containerd gives it. It is opened by the metadata plugin, and used by snapshotters too, which know no services. */
export const databaseToken = new PluginToken<Database>(pluginTypes.metadata, 'bolt');
