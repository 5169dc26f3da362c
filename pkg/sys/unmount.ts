import { native } from './native.ts';
import { isSystemError } from './system-error.ts';

/** How to unmount. */
export interface UnmountOptions {
  /** Take the mount out of the tree at once, and free it when nobody uses it any more. */
  readonly detach?: boolean;
  /** How many mounts on the same place to take off at most; all of them when missing. */
  readonly times?: number;
}

const detachFlag = 2;
/** The last component is not followed if it is a symlink. */
const noFollowFlag = 8;

/**
 * Takes every mount off `target`, the topmost first. Runs off the loop. Idempotent: a path that is not a mount
 * point, or is not there, is no error. Needs root.
 *
 * @throws SystemError `EBUSY` when one is in use and `detach` was not asked for.
 */
export async function unmountAll(target: string, options: UnmountOptions = {}): Promise<void> {
  const flags = noFollowFlag | (options.detach ? detachFlag : 0);
  try {
    for (let left = options.times ?? Infinity; left > 0; left--) await native.umount2(target, flags, true);
  } catch (error) {
    if (!isSystemError(error, 'EINVAL', 'ENOENT')) throw error;
  }
}
