import type { Database } from '../../pkg/database/database.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { noLabels } from '../../pkg/labels/labels.ts';
import type { Logger } from '../../pkg/log/logger.ts';
import type { Mount } from '../../pkg/mounts/mount.ts';
import { Pacer } from '../../pkg/pacer/pacer.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import { treeUsage } from '../../pkg/sys/tree-usage.ts';
import type { CommitOptions, SnapshotInfo, SnapshotOptions, Snapshotter, SnapshotUsage } from '../snapshotter.ts';
import { SnapshotDirectories } from './snapshot-directories.ts';
import type { SnapshotLayout } from './snapshot-layout.ts';
import { SnapshotStorage, type PlacedSnapshot } from './snapshot-storage.ts';

/** What a snapshotter of directories works with. */
export interface DirectorySnapshotterParts {
  readonly root: string;
  readonly database: Database;
  readonly layout: SnapshotLayout;
  /** Remove directories with the record instead of at the next cleanup. */
  readonly syncRemove: boolean;
  readonly log: Logger;
}

/**
 * Keeps each snapshot in a directory of its own, `snapshots/<id>`, laid out by a {@link SnapshotLayout}.
 *
 * A commit moves nothing: the directory becomes one that is only read.
 */
export class DirectorySnapshotter implements Snapshotter {
  readonly #parts: DirectorySnapshotterParts;
  readonly #layout: SnapshotLayout;
  readonly #directories: SnapshotDirectories;
  readonly #storage: SnapshotStorage;

  private constructor(parts: DirectorySnapshotterParts, directories: SnapshotDirectories) {
    this.#parts = parts;
    this.#layout = parts.layout;
    this.#directories = directories;
    this.#storage = new SnapshotStorage(parts.database, parts.layout.name);
  }

  /** Opens the snapshotter and sets right what a crash or a power cut left. */
  static async open(parts: DirectorySnapshotterParts): Promise<DirectorySnapshotter> {
    const snapshotter = new DirectorySnapshotter(parts, await SnapshotDirectories.open(parts.root));
    await snapshotter.#restoreDirectories();
    // Large trees may be left: the daemon does not wait for their removal.
    void snapshotter
      .cleanup({ namespace: 'default' })
      .catch((error: unknown) => parts.log.warn('snapshot directories were left', { error }));
    return snapshotter;
  }

  async stat(_scope: Scope, key: string): Promise<SnapshotInfo> {
    return await Promise.resolve(this.#shown(this.#storage.get(key).info));
  }

  async update(
    _scope: Scope,
    info: Pick<SnapshotInfo, 'name' | 'labels'>,
    paths: readonly string[],
  ): Promise<SnapshotInfo> {
    return this.#shown(await this.#storage.update(info, paths));
  }

  async usage(_scope: Scope, key: string): Promise<SnapshotUsage> {
    const { info, id } = this.#storage.get(key);
    return info.kind === 'active' ? await this.#measure(id) : this.#storage.committedUsage(key);
  }

  async mounts(_scope: Scope, key: string): Promise<readonly Mount[]> {
    const placed = this.#storage.get(key);
    if (placed.info.kind === 'committed') {
      throw new KindError('failed-precondition', `snapshot "${key}" is committed and has no mounts`);
    }
    return await Promise.resolve(this.#mounts(placed));
  }

  async prepare(_scope: Scope, key: string, parent: string, options?: SnapshotOptions): Promise<readonly Mount[]> {
    return await this.#create('active', key, parent, options);
  }

  async view(_scope: Scope, key: string, parent: string, options?: SnapshotOptions): Promise<readonly Mount[]> {
    return await this.#create('view', key, parent, options);
  }

  async commit(_scope: Scope, name: string, key: string, options: CommitOptions = {}): Promise<void> {
    const { info, id } = this.#storage.get(key);
    if (!this.#layout.rebase && (options.parent ?? '') !== info.parent && options.parent) {
      throw new KindError('unimplemented', `snapshotter ${this.#layout.name} cannot commit onto another parent`);
    }
    const usage = info.kind === 'active' ? await this.#measure(id) : { inodes: 0, size: 0 };
    await this.#storage.commit(name, key, usage, options);
  }

  async remove(_scope: Scope, key: string): Promise<void> {
    const id = await this.#storage.remove(key);
    if (!this.#parts.syncRemove) return;
    await this.#directories.remove(id).catch((error: unknown) => {
      this.#parts.log.warn('snapshot directory was left', { path: this.#directories.path(id), error });
    });
  }

  async *list(_scope: Scope, filters: readonly string[]): AsyncGenerator<SnapshotInfo> {
    for (const info of this.#storage.list(filters)) yield this.#shown(info);
  }

  async cleanup(_scope: Scope): Promise<void> {
    await this.#directories.sweep(async () => {
      const known = new Set<number>();
      const pacer = new Pacer();
      for (const { id } of this.#storage.records()) {
        if (pacer.due()) await pacer.pause();
        known.add(id);
      }
      return known;
    });
  }

  /** Waits for removals that run. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#directories.idle();
  }

  async #measure(id: number): Promise<SnapshotUsage> {
    return await treeUsage(this.#layout.tree(this.#directories.path(id)));
  }

  #mounts(placed: PlacedSnapshot): Mount[] {
    return this.#layout.mounts(placed, (id) => this.#directories.path(id));
  }

  #shown(info: SnapshotInfo): SnapshotInfo {
    if (!this.#layout.shownLabels) return info;
    const { id } = this.#storage.get(info.name);
    return { ...info, labels: new Map([...info.labels, ...this.#layout.shownLabels(this.#directories.path(id))]) };
  }

  async #create(
    kind: 'view' | 'active',
    key: string,
    parent: string,
    options: SnapshotOptions = {},
  ): Promise<readonly Mount[]> {
    const [nearest] = this.#storage.check(key, parent);
    const id = await this.#storage.nextId();
    const fill = this.#filler(kind, nearest, options.labels ?? noLabels);
    const record = (): Promise<PlacedSnapshot> => this.#storage.create(kind, id, key, parent, options);
    return this.#mounts(await this.#directories.create(id, fill, record));
  }

  #filler(kind: 'view' | 'active', nearest: number | undefined, labels: ReadonlyMap<string, string>) {
    const parent = nearest === undefined ? undefined : this.#directories.path(nearest);
    return (path: string): Promise<void> => this.#layout.fill(path, { kind, parent, labels });
  }

  /** The records of fresh snapshots may outlive a power cut that their directories did not. */
  async #restoreDirectories(): Promise<void> {
    const records = [...this.#storage.records()];
    const missing = await this.#directories.missing(records.map(({ id }) => id));
    for (const { id, kind, parent, labels } of records) {
      if (!missing.has(id)) continue;
      if (kind === 'committed') {
        this.#parts.log.error('directory of a committed snapshot is missing', { path: this.#directories.path(id) });
        continue;
      }
      const nearest = parent === '' ? undefined : this.#storage.get(parent).id;
      await this.#directories.create(id, this.#filler(kind, nearest, labels), () => Promise.resolve());
    }
  }
}
