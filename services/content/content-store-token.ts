import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { ContentStore } from './content-store.ts';

/** The content of all namespaces: the metadata layer over the store on disk. */
export const contentStoreToken = new PluginToken<ContentStore>(pluginTypes.service, 'content-service');
