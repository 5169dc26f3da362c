import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { ContainerStore } from './container-store.ts';

/** The containers of all namespaces. */
export const containerStoreToken = new PluginToken<ContainerStore>(pluginTypes.service, 'containers-service');
