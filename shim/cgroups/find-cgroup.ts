import { KindError } from '../../pkg/errors/kind-error.ts';
import type { KernelFiles } from './kernel-files.ts';
import type { CgroupPaths } from './cgroup-paths.ts';
import { parseCgroupMounts, type CgroupMount } from './cgroup-mounts.ts';

/** Where one of these is of version 1, the machine's cgroups are, as far as containers matter; such a machine may have a version 2 tree besides. */
const leadingControllers = ['memory', 'cpu', 'cpuacct', 'pids'];

/**
 * Finds the cgroup of a process. To be asked while the process is known to live and has not run yet (after `runc create`): one that is ending has
 * left its cgroups of version 1, and one that runs may have moved.
 *
 * The root of a hierarchy is nobody's cgroup: it is where a process is that the runtime did not move, or that is ending.
 * @throws KindError `not-found` when the process has gone or has no cgroup of its own.
 */
export function findCgroup(pid: number, files: KernelFiles): CgroupPaths {
  const membership = parseMembership(files.read(`/proc/${pid}/cgroup`) ?? '');
  const locator = new Locator(pid, files);
  if (!leadingControllers.some((controller) => membership.has(controller))) {
    const directory = locator.directory('', membership.get(''));
    if (directory !== undefined) return { version: 2, directory };
  }
  const directories: Record<string, string> = {};
  for (const [controller, path] of membership) {
    const directory = controller === '' ? undefined : locator.directory(controller, path);
    if (directory !== undefined) directories[controller] = directory;
  }
  if (Object.keys(directories).length === 0) throw new KindError('not-found', `cgroup of process ${pid}`);
  return { version: 1, directories };
}

/** The paths of /proc/PID/cgroup by controller of version 1; that of version 2 by the empty name. Hierarchies without controllers are left out. */
function parseMembership(text: string): Map<string, string> {
  const paths = new Map<string, string>();
  for (const line of text.split('\n')) {
    // A path may hold colons.
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (!path.startsWith('/')) continue;
    for (const controller of controllers.split(',')) {
      if (!controller.startsWith('name=')) paths.set(controller, path);
    }
  }
  return paths;
}

class Locator {
  readonly #pid: number;
  readonly #files: KernelFiles;
  #mounts: readonly CgroupMount[] | undefined;

  constructor(pid: number, files: KernelFiles) {
    this.#pid = pid;
    this.#files = files;
  }

  /** The directory of a cgroup; undefined for a root, and for what is not mounted here. */
  directory(controller: string, path: string | undefined): string | undefined {
    // `/..` is outside of our cgroup namespace.
    if (path === undefined || path === '/' || path.startsWith('/..')) return undefined;
    // The list of mounts is long where there are many containers; the usual place is tried before it is read.
    const usual = `/sys/fs/cgroup${controller === '' ? '' : `/${controller}`}${path}`;
    if (this.#holdsProcess(usual)) return usual;
    this.#mounts ??= parseCgroupMounts(this.#files.read('/proc/self/mountinfo') ?? '');
    return this.#mounts
      .filter((mount) => mount.controllers.includes(controller))
      .map((mount) => belowMount(mount, path))
      .find((candidate) => candidate !== undefined && this.#holdsProcess(candidate));
  }

  #holdsProcess(directory: string): boolean {
    const processes = this.#files.read(`${directory}/cgroup.procs`);
    return processes !== null && processes.split('\n').includes(String(this.#pid));
  }
}

/** Where a mount shows a cgroup; undefined when it shows another part of the tree, or the cgroup is the mount's root. */
function belowMount({ root, point }: CgroupMount, path: string): string | undefined {
  const prefix = root === '/' ? '/' : `${root}/`;
  return path.startsWith(prefix) ? `${point}/${path.slice(prefix.length)}` : undefined;
}
