import { chmod } from 'node:fs/promises';
import type { Mount } from '../../pkg/mounts/mount.ts';
import { copyTree } from '../../pkg/sys/copy-tree.ts';
import type { NewSnapshot, SnapshotLayout } from '../storage/snapshot-layout.ts';
import type { PlacedSnapshot } from '../storage/snapshot-storage.ts';

/**
 * Each snapshot is the whole tree, copied from its parent: works on every filesystem and costs the copy, unless that shares
 * data (reflinks). A view shows its parent's tree.
 */
export class NativeLayout implements SnapshotLayout {
  readonly name = 'native';
  readonly rebase = false;

  async fill(directory: string, { kind, parent }: NewSnapshot): Promise<void> {
    await chmod(directory, 0o755);
    if (kind === 'active' && parent !== undefined) await copyTree(parent, directory);
  }

  tree(directory: string): string {
    return directory;
  }

  mounts({ info, id, parentIds }: PlacedSnapshot, directoryOf: (id: number) => string): Mount[] {
    const writable = info.kind === 'active';
    const source = directoryOf(writable ? id : (parentIds[0] ?? id));
    return [{ type: 'bind', source, target: '', options: ['rbind', writable ? 'rw' : 'ro'] }];
  }
}
