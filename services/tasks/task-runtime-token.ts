import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { TaskRuntime } from './task-runtime.ts';

/** The tasks in shims. */
export const taskRuntimeToken = new PluginToken<TaskRuntime>(pluginTypes.runtime, 'task');
