import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import type { LeaseManager } from './lease-manager.ts';

/** The leases of all namespaces. */
export const leaseManagerToken = new PluginToken<LeaseManager>(pluginTypes.lease, 'manager');
