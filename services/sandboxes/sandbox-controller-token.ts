import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { SandboxController } from './sandbox-controller.ts';

/** Runs sandboxes in shims that serve them. */
export const shimSandboxControllerToken = new PluginToken<SandboxController>(pluginTypes.sandboxController, 'shim');
