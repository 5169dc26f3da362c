import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { DiffService } from './diff-service.ts';
import type { LayerUnpacker } from './layer-unpacker.ts';

/** The differ that unpacks onto any filesystem. */
export const walkingDifferToken = new PluginToken<DiffService & LayerUnpacker>(pluginTypes.differ, 'walking');
