import { KindError } from '../../pkg/errors/kind-error.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { parseCgroupMounts } from '../cgroups/cgroup-mounts.ts';
import { host } from '../host/host.ts';

const maxMountTable = 64 << 20;
const writeOnly = 1;

/**
 * Moves this process, and so the shim that it becomes, into a cgroup that exists: that of version 2, or those of version 1, in each hierarchy
 * where there is one of that path.
 *
 * @param path from the root of the hierarchies
 * @throws KindError with Go's words when there is none; SystemError when it takes nobody.
 */
export function joinShimCgroup(path: string): void {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new KindError('invalid-argument', `failed to load cgroup ${path}`);
  const mounts = parseCgroupMounts(host.decodeUtf8(host.readFile('/proc/self/mountinfo', maxMountTable)));
  const old = mounts.filter(({ controllers }) => controllers.some((name) => name !== '' && !name.startsWith('name=')));
  let joined = 0;
  for (const { point } of old.length > 0 ? old : mounts) {
    if (join([point, ...parts, 'cgroup.procs'].join('/'))) joined++;
  }
  if (joined === 0) throw new KindError('unknown', `failed to load cgroup ${path}: cgroups: cgroup deleted`);
}

function join(file: string): boolean {
  let fd: number;
  try {
    fd = host.open(file, writeOnly, 0);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false;
    throw error;
  }
  try {
    host.write(fd, host.encodeUtf8(String(host.pid())));
    return true;
  } finally {
    host.close(fd);
  }
}
