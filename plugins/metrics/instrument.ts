import type { CallObserver } from '../../api/rpc/call-observer.ts';
import type { MetricSource } from '../../pkg/metrics/metric-source.ts';
import { PluginTypeToken } from '../../pkg/plugin/plugin-type-token.ts';
import { pluginTypes } from '../../pkg/plugin/plugin-type.ts';

/** What a plugin of the types `io.containerd.metrics.v1` and `io.containerd.monitor.task.v1` exports. */
export interface Instrument {
  /** Told of the calls that the listeners answer. */
  readonly calls?: CallObserver;
  /** Told at `/v1/metrics`. */
  readonly source?: MetricSource;
}

/** What measures the daemon. */
export const instrumentsToken = new PluginTypeToken<Instrument>(pluginTypes.metrics);

/** What measures tasks. */
export const taskMonitorsToken = new PluginTypeToken<Instrument>(pluginTypes.taskMonitor);
