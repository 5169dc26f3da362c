import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { DiffService } from './diff-service.ts';

/** The differs. */
export const diffServiceToken = new PluginToken<DiffService>(pluginTypes.service, 'diff-service');
