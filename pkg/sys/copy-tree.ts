import { native } from './native.ts';
import { treeJobs } from './tree-jobs.ts';

/**
 * Copies what is in the directory `from` into the existing, empty directory `to`, and gives `to` the attributes of `from`:
 * owners, modes, times, xattrs, hard links, devices and holes are kept, and data is shared where the filesystem can.
 * Runs off the loop. Needs root.
 * @throws SystemError of the first entry that cannot be copied; what was copied stays.
 */
export async function copyTree(from: string, to: string): Promise<void> {
  await treeJobs.run(() => native.copyTree(from, to));
}
