import { chown, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mount } from '../../pkg/mounts/mount.ts';
import type { NewSnapshot, SnapshotLayout } from '../storage/snapshot-layout.ts';
import type { PlacedSnapshot } from '../storage/snapshot-storage.ts';
import { mappedRoot } from './mapped-root.ts';
import type { OverlayConfig } from './overlay-config.ts';
import { neededMountOptions } from './overlay-support.ts';

/** Each snapshot is an upper directory of overlayfs, `fs`; beside it is `work` while it is active. */
export class OverlayLayout implements SnapshotLayout {
  readonly name = 'overlayfs';
  readonly rebase = true;
  readonly shownLabels?: (directory: string) => ReadonlyMap<string, string>;
  readonly #options: readonly string[];

  constructor(config: Pick<OverlayConfig, 'mountOptions' | 'upperdirLabel'>) {
    this.#options = [...config.mountOptions, ...neededMountOptions(config.mountOptions)];
    if (config.upperdirLabel) {
      this.shownLabels = (directory) => new Map([['containerd.io/snapshot/overlay.upperdir', this.tree(directory)]]);
    }
  }

  async fill(directory: string, { kind, parent, labels }: NewSnapshot): Promise<void> {
    const mapped = mappedRoot(labels);
    const upper = this.tree(directory);
    await mkdir(upper, { mode: 0o755 });
    if (kind === 'active') await mkdir(join(directory, 'work'), { mode: 0o711 });
    const owner = mapped ?? (parent === undefined ? undefined : await stat(this.tree(parent)));
    if (owner) await chown(upper, owner.uid, owner.gid);
  }

  tree(directory: string): string {
    return join(directory, 'fs');
  }

  /**
   * Clients read directories out of the options and perform the mounts on their own, so kinds, order and spelling are containerd's: a
   * bind mount where there is one directory, else an overlay with `workdir`, `upperdir`, `lowerdir` (nearest first).
   */
  mounts({ info, id, parentIds }: PlacedSnapshot, directoryOf: (id: number) => string): Mount[] {
    const upper = (of: number): string => this.tree(directoryOf(of));
    const writable = info.kind === 'active';
    const [nearest] = parentIds;
    if (nearest === undefined) return [bind(upper(id), writable)];
    if (!writable && parentIds.length === 1) return [bind(upper(nearest), false)];
    const own = writable ? [`workdir=${join(directoryOf(id), 'work')}`, `upperdir=${upper(id)}`] : [];
    const lower = `lowerdir=${parentIds.map(upper).join(':')}`;
    return [{ type: 'overlay', source: 'overlay', target: '', options: [...own, lower, ...this.#options] }];
  }
}

function bind(source: string, writable: boolean): Mount {
  return { type: 'bind', source, target: '', options: [writable ? 'rw' : 'ro', 'rbind'] };
}
