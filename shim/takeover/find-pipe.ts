import { isSystemError } from '../../pkg/sys/system-error.ts';
import type { CgroupPaths } from '../cgroups/cgroup-paths.ts';
import { machineFiles } from '../cgroups/machine-files.ts';
import { host } from '../host/host.ts';
import { openFlags } from '../stdio/open-flags.ts';
import { OwnedFd } from '../stdio/owned-fd.ts';
import { pipeInode } from '../stdio/pipe-inode.ts';

/** Processes of a container that are looked through for one who has the pipe. */
const maxProcesses = 1024;

/**
 * Opens the reading end of a pipe that processes of a container write to.
 * @param pid of the process that the pipe was made for: mostly it has it still
 * @returns undefined when nobody has it any more.
 */
export function findPipe(inode: number, pid: number, cgroup: CgroupPaths | undefined): OwnedFd | undefined {
  const own = openPipeOf(pid, inode);
  if (own) return own;
  for (const other of processesIn(cgroup)) {
    const found = openPipeOf(other, inode);
    if (found) return found;
  }
  return undefined;
}

/** Whether a process has an end of a pipe. */
export function hasPipe(pid: number, inode: number): boolean {
  const directory = `/proc/${pid}/fd`;
  return listed(directory).some((name) => linkOf(`${directory}/${name}`) === `pipe:[${inode}]`);
}

function openPipeOf(pid: number, inode: number): OwnedFd | undefined {
  const directory = `/proc/${pid}/fd`;
  for (const name of listed(directory)) {
    const path = `${directory}/${name}`;
    if (linkOf(path) !== `pipe:[${inode}]`) continue;
    const found = reopened(path);
    // The container may have put something else there meanwhile.
    if (found && pipeInode(found.number) === inode) return found;
    found?.[Symbol.dispose]();
  }
  return undefined;
}

function processesIn(cgroup: CgroupPaths | undefined): number[] {
  if (!cgroup) return [];
  const [directory] = cgroup.version === 2 ? [cgroup.directory] : Object.values(cgroup.directories);
  const text = directory === undefined ? undefined : machineFiles.read(`${directory}/cgroup.procs`);
  return (text ?? '').split('\n').filter(Boolean).map(Number).slice(0, maxProcesses);
}

function reopened(path: string): OwnedFd | undefined {
  try {
    return new OwnedFd(host.open(path, openFlags.readOnly, 0));
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

function listed(directory: string): string[] {
  try {
    return host.readDirectory(directory);
  } catch (error) {
    if (isSystemError(error)) return [];
    throw error;
  }
}

function linkOf(path: string): string {
  try {
    return host.readLink(path);
  } catch (error) {
    if (isSystemError(error)) return '';
    throw error;
  }
}
