import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { ContentStore } from './content-store.ts';

/** The store on disk, without namespaces: for the metadata layer over it and for nobody else. */
export const localContentStoreToken = new PluginToken<ContentStore>(pluginTypes.content, 'content');
