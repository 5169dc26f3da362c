import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { MountManager } from './mount-manager.ts';

/** Mounts that the daemon performs for others. */
export const mountManagerToken = new PluginToken<MountManager>(pluginTypes.mountManager, 'bolt');
