import { native } from './native.ts';
import { treeJobs } from './tree-jobs.ts';

/**
 * Removes a directory and all beneath it, whatever its names and depth. Follows no symlink, removes nothing through
 * one. Idempotent. Runs off the loop.
 * @throws SystemError of the first entry that cannot be removed (`EBUSY` for a mount point); the rest stays.
 */
export async function removeTree(path: string): Promise<void> {
  await treeJobs.run(() => native.removeTree(path));
}
