import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { ShimManager } from './shim-manager.ts';

/** What starts shims. */
export const shimManagerToken = new PluginToken<ShimManager>(pluginTypes.shim, 'manager');
