import { grpcServicesToken } from '../../api/rpc/rpc-services-token.ts';
import type { MetricFamily } from '../../pkg/metrics/metric-family.ts';
import { ConfigTable } from '../../pkg/plugin/config-table.ts';
import { definePlugin } from '../../pkg/plugin/define-plugin.ts';
import type { PluginConfig } from '../../pkg/plugin/plugin-registration.ts';
import { PluginToken } from '../../pkg/plugin/plugin-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';
import { hostPlatform } from '../../pkg/platforms/host-platform.ts';
import { LoopMeter } from '../../pkg/sys/loop-meter.ts';
import { containerStoreToken } from '../../services/containers/container-store-token.ts';
import { namespaceStoreToken } from '../../services/namespaces/namespace-store-token.ts';
import { taskRuntimeToken } from '../../services/tasks/task-runtime-token.ts';
import { ContainerMetrics } from './container-metrics.ts';
import { GrpcMetrics } from './grpc-metrics.ts';
import type { Instrument } from './instrument.ts';
import { LoopMetrics } from './loop-metrics.ts';
import { ProcessMetrics } from './process-metrics.ts';

const grpcConfig: PluginConfig<boolean> = {
  defaults: { grpc_histogram: false },
  parse: (table) => new ConfigTable(table).boolean('grpc_histogram'),
};

const monitorConfig: PluginConfig<boolean> = {
  defaults: { no_prometheus: false },
  parse: (table) => new ConfigTable(table).boolean('no_prometheus'),
};

/** Counts gRPC calls. */
export const grpcMetricsPlugin = definePlugin<Instrument, boolean>({
  token: new PluginToken<Instrument>(pluginTypes.metrics, 'grpc-prometheus'),
  requires: [pluginTypes.grpc],
  config: grpcConfig,
  init(context) {
    const metrics = new GrpcMetrics([...context.getAll(grpcServicesToken).values()].flat(), context.config);
    return { calls: metrics, source: metrics };
  },
});

/** The daemon's process, and the turns of its loop. */
export const processMetricsPlugin = definePlugin<Instrument>({
  token: new PluginToken<Instrument>(pluginTypes.metrics, 'process'),
  requires: [],
  init({ daemon: { version, revision } }) {
    const sources = [new ProcessMetrics({ version, revision }), new LoopMetrics(LoopMeter.start())];
    const collect = async (): Promise<readonly MetricFamily[]> =>
      (await Promise.all(sources.map(async (source) => source.collect()))).flat();
    return { source: { collect } };
  },
});

/** The cgroups of tasks. */
export const cgroupsMonitorPlugin = definePlugin<Instrument, boolean>({
  token: new PluginToken<Instrument>(pluginTypes.taskMonitor, 'cgroups'),
  requires: [pluginTypes.service, pluginTypes.runtime],
  config: monitorConfig,
  init(context) {
    const { os, architecture } = hostPlatform();
    context.meta.platforms.push({ os, architecture });
    if (context.config) return {};
    const { log } = context;
    return {
      source: new ContainerMetrics({
        namespaces: context.get(namespaceStoreToken),
        containers: context.get(containerStoreToken),
        runtime: context.get(taskRuntimeToken),
        log,
      }),
    };
  },
});
