import { isSystemError } from '../../pkg/sys/system-error.ts';
import { host } from '../host/host.ts';
import type { KernelFiles } from './kernel-files.ts';

/** What such a file holds at most; `cgroup.procs` and `mountinfo` are the long ones. */
const mostBytes = 8 << 20;

/** The files of the machine, `/proc` as well: of a process that goes while its file is open there is nothing to read, either. */
export const machineFiles: KernelFiles = {
  read: (path) => orMissing(() => host.decodeUtf8(host.readFile(path, mostBytes)), null),
  list: (path) => orMissing(() => host.readDirectory(path), []),
};

function orMissing<T, M>(read: () => T, missing: M): T | M {
  try {
    return read();
  } catch (error) {
    // ENODEV: the cgroup went while its file was open. EOPNOTSUPP: pressure is not measured, or a cgroup lists threads only.
    if (isSystemError(error, 'ENOENT', 'ENODEV', 'ENOTDIR', 'EOPNOTSUPP', 'ENOTSUP', 'ESRCH')) return missing;
    throw error;
  }
}
