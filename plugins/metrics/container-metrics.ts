import { isAny } from '../../api/any/is-any.ts';
import type { Any } from '../../api/gen/google/protobuf/any.ts';
import { Metrics as MetricsV1 } from '../../api/gen/io/containerd/cgroups/v1/metrics.ts';
import { Metrics as MetricsV2 } from '../../api/gen/io/containerd/cgroups/v2/metrics.ts';
import { kindOf } from '../../pkg/errors/kind-of.ts';
import type { Logger } from '../../pkg/log/logger.ts';
import type { MetricFamily, MetricSample } from '../../pkg/metrics/metric-family.ts';
import type { MetricSource } from '../../pkg/metrics/metric-source.ts';
import type { ContainerStore } from '../../services/containers/container-store.ts';
import type { NamespaceStore } from '../../services/namespaces/namespace-store.ts';
import type { Task } from '../../services/tasks/task.ts';
import type { TaskRuntime } from '../../services/tasks/task-runtime.ts';
import { cgroupV1Metrics } from './cgroup-v1-metrics.ts';
import { cgroupV2Metrics } from './cgroup-v2-metrics.ts';
import type { ContainerMetric, ContainerValue } from './container-metric.ts';

/** What a {@link ContainerMetrics} asks. */
export interface ContainerMetricsParts {
  readonly namespaces: NamespaceStore;
  readonly containers: ContainerStore;
  readonly runtime: TaskRuntime;
  readonly log: Logger;
}

/** Families as they are filled. */
type Families = Map<
  string,
  { readonly metric: Pick<ContainerMetric<never>, 'name' | 'help'>; samples: MetricSample[] }
>;

/**
 * The cgroups of all tasks in all namespaces. All shims are asked at once, each for as long as `io.containerd.timeout.metrics.shimstats`
 * says; one that does not answer is left out.
 */
export class ContainerMetrics implements MetricSource {
  readonly #parts: ContainerMetricsParts;

  constructor(parts: ContainerMetricsParts) {
    this.#parts = parts;
  }

  async collect(signal: AbortSignal): Promise<readonly MetricFamily[]> {
    const { namespaces, runtime } = this.#parts;
    const names = (await namespaces.list()).map(({ name }) => name);
    const tasks = names.flatMap((name) => runtime.list(name));
    const families: Families = new Map();
    await Promise.all(tasks.map((task) => this.#add(families, task, signal)));
    return Array.from(families.values(), ({ metric: { name, help }, samples }) => ({
      ...{ name, help, samples },
      type: 'gauge',
    }));
  }

  async #add(families: Families, task: Task, signal: AbortSignal): Promise<void> {
    const { containers, log } = this.#parts;
    const { id, namespace } = task;
    try {
      const [{ stats }, container] = await Promise.all([
        task.call('stats', { id }, signal),
        containers.get({ namespace }, id).catch(() => undefined),
      ]);
      const runtime = container?.runtime.name ?? '';
      if (stats) addStats(families, stats, [['container_id', id], ['namespace', namespace], ['runtime', runtime]]); // prettier-ignore
    } catch (error) {
      if (kindOf(error) !== 'not-found') log.warn('a task told nothing of its cgroup', { id, namespace, error });
    }
  }
}

function addStats(families: Families, stats: Any, labels: MetricSample['labels']): void {
  if (isAny(stats, 'io.containerd.cgroups.v1.Metrics')) {
    addAll(families, cgroupV1Metrics, MetricsV1.decode(stats.value), labels);
  }
  if (isAny(stats, 'io.containerd.cgroups.v2.Metrics')) {
    addAll(families, cgroupV2Metrics, MetricsV2.decode(stats.value), labels);
  }
}

function addAll<Metrics>(
  families: Families,
  metrics: readonly ContainerMetric<Metrics>[],
  told: Metrics,
  labels: MetricSample['labels'],
): void {
  for (const metric of metrics) {
    const samples = metric.values(told).map((value) => sampleOf(value, labels));
    if (samples.length === 0) continue;
    const family = families.get(metric.name);
    if (family) family.samples.push(...samples);
    else families.set(metric.name, { metric, samples });
  }
}

function sampleOf({ value, labels: own = [] }: ContainerValue, labels: MetricSample['labels']): MetricSample {
  // In the order of their names, as everywhere.
  return { value, labels: [...labels, ...own].sort(([a], [b]) => (a < b ? -1 : 1)) };
}
