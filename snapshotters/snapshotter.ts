import type { Mount } from '../pkg/mounts/mount.ts';
import type { Scope } from '../pkg/scope/scope.ts';

/** What a snapshot is: a read-only view, a writable one, or a committed layer. */
export type SnapshotKind = 'view' | 'active' | 'committed';

/** A snapshot's record. Times are milliseconds since 1970 with nanoseconds apart. */
export interface SnapshotInfo {
  readonly kind: SnapshotKind;
  /** The key of a view or an active snapshot, the name of a committed one. */
  readonly name: string;
  /** The committed parent's name; empty for none. */
  readonly parent: string;
  readonly labels: ReadonlyMap<string, string>;
  /** Nanoseconds since 1970. */
  readonly createdAt: bigint;
  readonly updatedAt: bigint;
}

/** What a snapshot itself occupies, its parents not counted. */
export interface SnapshotUsage {
  readonly inodes: number;
  /** Bytes of disk. */
  readonly size: number;
}

/** What a caller may set when a snapshot comes to be. */
export interface SnapshotOptions {
  readonly labels?: ReadonlyMap<string, string>;
}

/** What a caller may set at a commit. */
export interface CommitOptions extends SnapshotOptions {
  /** Puts a snapshot that was prepared without a parent onto this committed one (capability `rebase`). */
  readonly parent?: string;
}

/**
 * Keeps file trees as a stack of layers.
 *
 * Life of a snapshot: `prepare` makes an active snapshot, a writable tree on top of a committed parent (or of
 * nothing), and returns the mounts that show it; nothing is mounted by the snapshotter. Whoever called mounts
 * them, writes, unmounts, and then either `commit`s it — the key is gone and a committed snapshot of the given
 * name, which can be a parent and never changes, has taken its place — or `remove`s it. `view` is `prepare`
 * for reading: it is never committed. A snapshot with children cannot be removed. Keys and names share one
 * space. The mounts of one snapshot may be asked for again at any time with `mounts`.
 *
 * Errors, for every method: `not-found` for a key or parent that is not there; `already-exists` for a key or name
 * that is; `invalid-argument` for a parent that is not committed; `failed-precondition` for mounts of a
 * committed snapshot, a commit of one that is not active, and the removal of one that has children.
 * Removal takes the record away at once; directories go in `cleanup`.
 *
 * What was answered is durable. Needs root where mounting does.
 *
 * @example
 * const mounts = await snapshotter.prepare(scope, 'extract-1', '');
 * await unpack(layer, mounts);
 * await snapshotter.commit(scope, 'sha256:chain…', 'extract-1');
 * const rootfs = await snapshotter.prepare(scope, 'container-1', 'sha256:chain…');
 */
export interface Snapshotter extends AsyncDisposable {
  /** Set where a process of somebody else's answers, as late as it likes: nobody else waits for it, the daemon's start least of all. */
  readonly remote?: boolean;
  stat(scope: Scope, key: string): Promise<SnapshotInfo>;
  /** Changes labels: those named by `paths` (`labels`, `labels.<key>`), or all when `paths` is empty. */
  update(scope: Scope, info: Pick<SnapshotInfo, 'name' | 'labels'>, paths: readonly string[]): Promise<SnapshotInfo>;
  usage(scope: Scope, key: string): Promise<SnapshotUsage>;
  mounts(scope: Scope, key: string): Promise<readonly Mount[]>;
  prepare(scope: Scope, key: string, parent: string, options?: SnapshotOptions): Promise<readonly Mount[]>;
  view(scope: Scope, key: string, parent: string, options?: SnapshotOptions): Promise<readonly Mount[]>;
  commit(scope: Scope, name: string, key: string, options?: CommitOptions): Promise<void>;
  remove(scope: Scope, key: string): Promise<void>;
  /** All snapshots that any of `filters` admits, in bytewise order of their names. */
  list(scope: Scope, filters: readonly string[]): AsyncIterable<SnapshotInfo>;
  /** Deletes what removed snapshots left on disk. */
  cleanup?(scope: Scope): Promise<void>;
}
