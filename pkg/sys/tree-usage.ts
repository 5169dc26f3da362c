import { native } from './native.ts';
import { treeJobs } from './tree-jobs.ts';

/**
 * What a directory and all beneath it occupy: bytes of disk (blocks, not lengths), and inodes, where several names
 * of one file count once. No symlink is followed. Runs off the loop.
 * @throws SystemError `ENOENT` and kin for the directory itself; what vanishes beneath it does not count.
 */
export async function treeUsage(path: string): Promise<{ size: number; inodes: number }> {
  return await treeJobs.run(() => native.treeUsage(path));
}
