import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { StreamManager } from './stream-manager.ts';

/** The streams of all namespaces. */
export const streamManagerToken = new PluginToken<StreamManager>(pluginTypes.streaming, 'manager');
