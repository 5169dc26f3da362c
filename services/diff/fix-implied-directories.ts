import { treeCalls } from '../../pkg/sys/tree-calls.ts';
import { splitPath } from './clean-path.ts';
import { isType } from './layer-change.ts';
import { LowerDirectories } from './lower-directories.ts';
import { ParentDirectories } from './parent-directories.ts';
import { setXattrs } from './xattrs.ts';

/**
 * Gives directories that a layer implied, but did not carry, the mode, owner, times and extended attributes that they have in the
 * layers beneath, once these are known. Synchronous: for a worker thread. Idempotent.
 *
 * @param lowers the directories of the layers beneath, the nearest first
 * @param implied paths beneath `root`, byte strings
 */
export function fixImpliedDirectories(root: string, lowers: readonly string[], implied: readonly string[]): void {
  using beneath = new LowerDirectories(lowers);
  using parents = new ParentDirectories(root, () => undefined);
  for (const path of implied) {
    const attributes = beneath.attributes(path);
    const [directory, name] = splitPath(path);
    const parent = parents.find(directory);
    if (!attributes || parent === undefined) continue;
    // Something else may have taken its place since.
    if (!isType(treeCalls.statAt(parent, name)?.[0] ?? 0, 'directory')) continue;
    const { mode, uid, gid, seconds, nanoseconds, xattrs } = attributes;
    treeCalls.setAttributesAt(parent, name, mode, uid, gid, seconds, nanoseconds);
    setXattrs(parent, name, xattrs);
  }
}
