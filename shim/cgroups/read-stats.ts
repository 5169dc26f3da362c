import type { Any } from '../../api/gen/google/protobuf/any.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { CgroupPaths } from './cgroup-paths.ts';
import { machineFiles } from './machine-files.ts';
import { metricsV1 } from './metrics-v1.ts';
import { metricsV2 } from './metrics-v2.ts';

/**
 * What `Stats` answers of a container: the metrics message of the version of its cgroup.
 * @throws KindError `not-found` when the cgroup is gone.
 */
export function readStats(paths: CgroupPaths): Any {
  const stats = readStatsIfThere(paths);
  if (stats === undefined) throw new KindError('not-found', `cgroup ${describe(paths)}`);
  return stats;
}

/** The same, or undefined when the cgroup is gone. */
export function readStatsIfThere(paths: CgroupPaths): Any | undefined {
  const value =
    paths.version === 1 ? metricsV1(paths.directories, machineFiles) : metricsV2(paths.directory, machineFiles);
  return value === null ? undefined : { typeUrl: `io.containerd.cgroups.v${paths.version}.Metrics`, value };
}

function describe(paths: CgroupPaths): string {
  return paths.version === 1 ? (Object.values(paths.directories)[0] ?? '') : paths.directory;
}
