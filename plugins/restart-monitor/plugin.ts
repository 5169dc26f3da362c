import { ConfigTable } from '../../pkg/plugin/config-table.ts';
import { definePlugin } from '../../pkg/plugin/define-plugin.ts';
import type { PluginConfig } from '../../pkg/plugin/plugin-registration.ts';
import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import { containerStoreToken } from '../../services/containers/container-store-token.ts';
import { namespaceStoreToken } from '../../services/namespaces/namespace-store-token.ts';
import { snapshottersToken } from '../../services/snapshots/snapshotters-token.ts';
import { taskServiceToken } from '../../services/tasks/task-service-token.ts';
import { RestartMonitor } from './restart-monitor.ts';
import { restartPolicies } from './wants-restart.ts';

const defaultInterval = 10_000;

/** `[plugins."io.containerd.monitor.container.v1.restart"]`: `interval`, in milliseconds; 0 means the default. */
const restartConfig: PluginConfig<{ readonly interval: number }> = {
  defaults: { interval: '10s' },
  parse: (table) => ({ interval: new ConfigTable(table).duration('interval') || defaultInterval }),
};

/** Starts containers again that ask for it. */
export const restartMonitorPlugin = definePlugin({
  token: new PluginToken<undefined>(pluginTypes.containerMonitor, 'restart'),
  requires: [pluginTypes.event, pluginTypes.service],
  config: restartConfig,
  init(context) {
    context.meta.capabilities.push(...restartPolicies);
    context.own(
      new RestartMonitor({
        namespaces: context.get(namespaceStoreToken),
        containers: context.get(containerStoreToken),
        tasks: context.get(taskServiceToken),
        snapshotters: context.get(snapshottersToken),
        interval: context.config.interval,
        log: context.log,
      }),
    );
    return undefined;
  },
});
