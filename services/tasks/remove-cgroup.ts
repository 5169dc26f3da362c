import { readFileSync } from 'node:fs';
import { readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { openProcess } from './open-process.ts';
import { untilAborted } from './until-aborted.ts';

/**
 * Removes a container's own cgroup from every hierarchy that is mounted: runc makes it before it keeps any state, so when it is
 * killed in between, nobody else knows of it. What runc had begun ends by itself then, and is waited for, with what it starts meanwhile. A cgroup that
 * goes on to hold processes, or that holds other cgroups, stays. Idempotent; needs root.
 *
 * @param path as in the OCI runtime spec, `linux.cgroupsPath`; one of systemd's (`slice:prefix:name`) is systemd's to remove
 * @param signal ends the waiting
 */
export async function removeCgroup(path: string, signal?: AbortSignal): Promise<void> {
  const parts = path.split('/').filter((part) => part !== '');
  if (!path.startsWith('/') || parts.length === 0 || parts.some((part) => part === '..' || part === '.')) return;
  let left = (await hierarchies()).map((mountPoint) => join(mountPoint, ...parts));
  for (let tried = false; ;) {
    const removed = await Promise.all(left.map(removeEmpty));
    left = left.filter((_, index) => removed[index] === false);
    const pids = new Set(left.flatMap(processesIn));
    // Without processes they hold other cgroups; or the last one ended between the two looks, which another attempt tells.
    if (left.length === 0 || pids.size > maxLeft || (pids.size === 0 && tried)) return;
    tried = pids.size === 0;
    try {
      await untilAborted(Promise.all(Array.from(pids, ended)), signal);
    } catch (error) {
      if (signal?.aborted !== true) throw error;
      await Promise.all(left.map(removeEmpty));
      return;
    }
  }
}

/** What runc begins a container with are a few processes; more of them are somebody's who shares the cgroup. */
const maxLeft = 16;

/** Those of other process namespaces than ours are told as 0. */
function processesIn(directory: string): number[] {
  try {
    const pids = readFileSync(join(directory, 'cgroup.procs'), 'utf8').split('\n');
    return pids.map(Number).filter((pid) => pid > 0);
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'EOPNOTSUPP', 'ENODEV')) return [];
    throw error;
  }
}

/** The handle stays open until the process has ended, whoever waits for that. */
async function ended(pid: number): Promise<void> {
  const process = openProcess(pid);
  if (!process) return;
  await process.exited();
  process[Symbol.dispose]();
}

/** proc(5), mountinfo: the mount point is the fifth field, the type the first after the separator. */
async function hierarchies(): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  return lines.flatMap((line) => {
    const [facts = '', origin = ''] = line.split(' - ');
    const mountPoint = facts.split(' ')[4];
    return mountPoint !== undefined && /^cgroup2? /.test(origin) ? [mountPoint] : [];
  });
}

/** @returns false when somebody, or another cgroup, is in it. */
async function removeEmpty(directory: string): Promise<boolean> {
  try {
    await rmdir(directory);
    return true;
  } catch (error) {
    if (!isSystemError(error, 'ENOENT', 'EBUSY', 'ENOTEMPTY', 'EROFS')) throw error;
    return error.code === 'ENOENT' || error.code === 'EROFS';
  }
}
