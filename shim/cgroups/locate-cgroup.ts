import type { CgroupPaths } from './cgroup-paths.ts';
import { findCgroup } from './find-cgroup.ts';
import { machineFiles } from './machine-files.ts';

/** {@link findCgroup} on this machine. @throws KindError `not-found` when the process has gone or has no cgroup of its own. */
export function locateCgroup(pid: number): CgroupPaths {
  return findCgroup(pid, machineFiles);
}
