import { lstat, mkdir, open, readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mount } from '../../pkg/mounts/mount.ts';
import { mountAll } from '../../pkg/sys/mount-all.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { unmountAll } from '../../pkg/sys/unmount.ts';
import { attachLoop, detachLoop } from './loop-device.ts';

/** The mount points of one activation: a directory with one entry for each, named by its number. Needs root. */
export class MountDirectory {
  readonly path: string;

  constructor(targets: string, sequence: number) {
    this.path = join(targets, String(sequence));
  }

  async create(): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
  }

  /** Performs one mount, the next of the activation. @returns its mount point. */
  async mount(mount: Mount, index: number): Promise<string> {
    const point = join(this.path, String(index));
    if (mount.type === 'loop') {
      await attachLoop(mount.source, point, mount.options.includes('ro'));
      return point;
    }
    await mkdir(point, { mode: 0o700 });
    await mountAll([mount], point);
    return point;
  }

  /**
   * Takes off the mounts, the last first, and removes the directory. Idempotent.
   * @param detach takes off what is in use as well
   * @throws SystemError `EBUSY` for what is in use; what was mounted after it is off by then.
   */
  async remove(detach: boolean): Promise<void> {
    const names = await readdir(this.path).catch((error: unknown) => {
      if (isSystemError(error, 'ENOENT')) return [];
      throw error;
    });
    for (const name of names.sort((one, other) => Number(other) - Number(one))) {
      const point = join(this.path, name);
      if ((await lstat(point)).isSymbolicLink()) await detachLoop(point);
      else {
        await unmountAll(point, { detach });
        // Never beneath a mount: a mount point that has not come off refuses (EBUSY).
        await rmdir(point);
      }
    }
    await rm(this.path, { recursive: true, force: true });
  }

  /** Whether all mounts of the activation are still there: a reboot, or somebody, may have taken them off. */
  async isWhole(points: readonly { readonly mount: Mount; readonly mountPoint: string }[]): Promise<boolean> {
    const table = await readFile('/proc/self/mountinfo', 'utf8');
    for (const { mount, mountPoint } of points) {
      if (mount.type === 'loop') {
        // Through the link: a device that is not there any more has no entry.
        if (!(await exists(mountPoint))) return false;
      } else if (!table.includes(` ${mountPoint} `)) return false;
    }
    return true;
  }
}

/** A device without a file behind it cannot be opened. */
async function exists(link: string): Promise<boolean> {
  try {
    const device = await open(link);
    await device.close();
    return true;
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENXIO')) return false;
    throw error;
  }
}
