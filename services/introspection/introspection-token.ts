import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { Introspection } from './introspection.ts';

/** Introspection. */
export const introspectionToken = new PluginToken<Introspection>(pluginTypes.service, 'introspection-service');
