import type { CallInFlight } from '../../api/grpc/grpc-server.ts';
import type { PluginStatus } from '../../pkg/plugin/plugin-context.ts';
import { PluginSkipped } from '../../pkg/plugin/plugin-skipped.ts';

/** What a description tells beside the process itself. */
export interface DescribedParts {
  readonly calls: readonly CallInFlight[];
  readonly plugins: readonly PluginStatus[];
}

/** Where the daemon stands: its memory, what it has open, the calls it answers, and the plugins that are not up. */
export function describeProcess({ calls, plugins }: DescribedParts) {
  const resources = Map.groupBy(process.getActiveResourcesInfo(), (name) => name);
  const now = Date.now();
  return {
    uptime: process.uptime(),
    memory: process.memoryUsage(),
    resources: Object.fromEntries([...resources].map(([name, all]) => [name, all.length])),
    calls: calls.map(({ method, since }) => ({ method, seconds: (now - since) / 1000 })),
    plugins: plugins.filter(({ error }) => error !== undefined).map(describePlugin),
  };
}

function describePlugin({ type, id, error }: PluginStatus) {
  const reason = error instanceof Error ? error.message : String(error);
  return { plugin: `${type}.${id}`, [error instanceof PluginSkipped ? 'skipped' : 'failed']: reason };
}
