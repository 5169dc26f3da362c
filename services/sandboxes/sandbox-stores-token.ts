import { PluginTypeToken } from '../../pkg/plugin/plugin-type-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { SandboxStore } from './sandbox-store.ts';

/** The store of sandboxes' records, for those who can do without one. */
export const sandboxStoresToken = new PluginTypeToken<SandboxStore>(pluginTypes.sandboxStore);
