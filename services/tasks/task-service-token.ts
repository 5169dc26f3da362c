import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { TaskService } from './task-service.ts';

/** The tasks service. */
export const taskServiceToken = new PluginToken<TaskService>(pluginTypes.service, 'tasks-service');
