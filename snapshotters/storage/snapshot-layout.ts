import type { Mount } from '../../pkg/mounts/mount.ts';
import type { PlacedSnapshot } from './snapshot-storage.ts';

/** What a new snapshot's directory is made from. */
export interface NewSnapshot {
  readonly kind: 'view' | 'active';
  /** The directory of the nearest parent. */
  readonly parent: string | undefined;
  readonly labels: ReadonlyMap<string, string>;
}

/** How a snapshotter lays a snapshot out in its directory; what tells directory snapshotters apart. */
export interface SnapshotLayout {
  /** The snapshotter's name. */
  readonly name: string;
  /** Whether a snapshot that was prepared without a parent can be committed onto one. */
  readonly rebase: boolean;
  /** Makes a snapshot in an empty directory of mode 0700. */
  fill(directory: string, snapshot: NewSnapshot): Promise<void>;
  /** The tree whose usage is the snapshot's. */
  tree(directory: string): string;
  /** @param directoryOf the directory of a snapshot's number */
  mounts(snapshot: PlacedSnapshot, directoryOf: (id: number) => string): Mount[];
  /** Labels that are shown and not stored. */
  shownLabels?(directory: string): ReadonlyMap<string, string>;
}
