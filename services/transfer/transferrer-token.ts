import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { Transferrer } from './transferrer.ts';

/** The transfer service of this daemon. */
export const transferrerToken = new PluginToken<Transferrer>(pluginTypes.transfer, 'local');
