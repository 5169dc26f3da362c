import { PluginTypeToken } from '../../pkg/plugin/plugin-type-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { SandboxController } from './sandbox-controller.ts';

/** All that run sandboxes, by the names that records give as sandboxers. */
export const sandboxControllersToken = new PluginTypeToken<SandboxController>(pluginTypes.sandboxController);
