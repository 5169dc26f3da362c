import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { SandboxStore } from './sandbox-store.ts';

/** The records of the sandboxes of all namespaces. */
export const sandboxStoreToken = new PluginToken<SandboxStore>(pluginTypes.sandboxStore, 'local');
