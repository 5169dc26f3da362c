import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { ImageStore } from './image-store.ts';

/** The images of all namespaces. */
export const imageStoreToken = new PluginToken<ImageStore>(pluginTypes.service, 'images-service');
