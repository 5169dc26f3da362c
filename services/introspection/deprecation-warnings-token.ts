import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { DeprecationWarnings } from './deprecation-warnings.ts';

/** Where a plugin notes that something deprecated is in use. */
export const deprecationWarningsToken = new PluginToken<DeprecationWarnings>(pluginTypes.warning, 'deprecations');
