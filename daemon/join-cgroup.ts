import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KindError } from '../pkg/errors/kind-error.ts';

const cpusetFiles = ['cpuset.cpus', 'cpuset.mems'];

/**
 * Moves this process into a cgroup, which is made if need be: in the one hierarchy of version 2, or in every one of version 1, as containerd
 * does with `cgroup.path`.
 *
 * @param path below the root of the hierarchies
 * @throws KindError `failed-precondition`, naming the directory.
 */
export async function joinCgroup(path: string): Promise<void> {
  const mounts = hierarchies(await readFile('/proc/self/mountinfo', 'utf8'));
  const old = mounts.filter(({ type, controllers }) => type === 'cgroup' && controllers.length > 0);
  const all = old.length > 0 ? old : mounts.filter(({ type }) => type === 'cgroup2');
  for (const { mountPoint, controllers } of all) {
    const directory = join(mountPoint, join('/', path));
    try {
      await mkdir(directory, { recursive: true, mode: 0o755 });
      if (controllers.includes('cpuset')) await inheritCpus(mountPoint, directory);
      await writeFile(join(directory, 'cgroup.procs'), String(process.pid));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new KindError('failed-precondition', `cgroup.path: join "${directory}" (${reason})`, { cause });
    }
  }
}

interface Hierarchy {
  readonly mountPoint: string;
  readonly type: string;
  /** Of version 1. */
  readonly controllers: readonly string[];
}

const controllerNames: ReadonlySet<string> = new Set([
  ...['cpu', 'cpuacct', 'cpuset', 'memory', 'devices', 'freezer', 'net_cls', 'net_prio', 'blkio', 'perf_event'],
  ...['hugetlb', 'pids', 'rdma', 'misc'],
]);

/** proc(5): the mount point is the fifth field, the type the first behind the dash, the options of the filesystem the third. */
function hierarchies(mountinfo: string): readonly Hierarchy[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ', 2);
    const [type = '', , options = ''] = after.split(' ');
    if (type !== 'cgroup' && type !== 'cgroup2') return [];
    const mountPoint = before.split(' ')[4] ?? '';
    return [{ mountPoint, type, controllers: options.split(',').filter((option) => controllerNames.has(option)) }];
  });
}

/** A new cpuset of version 1 has no processors, and takes nobody: each on the way gets those of the one above. */
async function inheritCpus(root: string, directory: string): Promise<void> {
  let above = root;
  for (const name of directory
    .slice(root.length)
    .split('/')
    .filter((part) => part !== '')) {
    const below = join(above, name);
    for (const file of cpusetFiles) {
      if ((await readFile(join(below, file), 'utf8')).trim() !== '') continue;
      await writeFile(join(below, file), await readFile(join(above, file), 'utf8'));
    }
    above = below;
  }
}
