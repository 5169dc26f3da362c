import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { NamespaceStore } from './namespace-store.ts';

/** The namespaces. */
export const namespaceStoreToken = new PluginToken<NamespaceStore>(pluginTypes.service, 'namespaces-service');
