import { PluginTypeToken } from '../../pkg/plugin/plugin-type-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { MountManager } from './mount-manager.ts';

/** The mount manager, for those who can do without one. */
export const mountManagersToken = new PluginTypeToken<MountManager>(pluginTypes.mountManager);
