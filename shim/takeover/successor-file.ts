import { isSystemError } from '../../pkg/sys/system-error.ts';
import type { CgroupPaths } from '../cgroups/cgroup-paths.ts';
import { host } from '../host/host.ts';
import type { StdioHandles } from '../stdio/stdio-handles.ts';
import { readText, writeText } from '../tasks/bundle.ts';

/** A process by its number and by when it began, in the kernel's ticks: a later owner of the number began at another time. */
export interface KnownProcess {
  readonly pid: number;
  readonly start: number;
}

/** A process of a container. */
export interface KeptProcess extends KnownProcess {
  /** Empty for the first one. */
  readonly exec: string;
  readonly handles: StdioHandles;
  /** The descriptor of its terminal's master in the shim, of which the daemon takes a copy. */
  readonly master?: number;
}

/**
 * What a shim keeps of a container for the one that takes over when it dies: `successor.json` in the bundle. Written anew when a process
 * has been made, not when one ends or is deleted: exits are in files of their own, and what is neither alive nor has one has been deleted.
 * What changes by itself, as whether the container is paused, is asked of the runtime.
 */
export interface SuccessorFile {
  readonly version: 1;
  readonly shim: KnownProcess;
  /** Where the parts of the root filesystem are mounted, below the bundle's `rootfs`. */
  readonly rootfs: readonly string[];
  readonly checkpoint: string;
  readonly cgroup?: CgroupPaths | undefined;
  readonly processes: readonly KeptProcess[];
}

const name = 'successor.json';

/** Whole or not at all. @throws SystemError */
export function writeSuccessorFile(bundle: string, file: SuccessorFile): void {
  writeText(`${bundle}/${name}`, JSON.stringify(file));
}

/** Nothing happens when there is none. */
export function removeSuccessorFile(bundle: string): void {
  try {
    host.unlink(`${bundle}/${name}`);
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

/** What a shim of ours kept; it is taken at its word. @throws Error when there is none, or one of another version. */
export function readSuccessorFile(bundle: string): SuccessorFile {
  const file = JSON.parse(readText(`${bundle}/${name}`) ?? '{}') as Partial<SuccessorFile>;
  if (file.version !== 1) throw new Error(`${bundle}/${name} is missing, or of another version`);
  return file as SuccessorFile;
}
