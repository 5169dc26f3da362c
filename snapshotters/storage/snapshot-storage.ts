import type { Database, Reader } from '../../pkg/database/database.ts';
import { SequencePool } from '../../pkg/database/sequence-pool.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { compileFilters } from '../../pkg/filters/compile-filters.ts';
import { applyLabelMask } from '../../pkg/labels/apply-label-mask.ts';
import { noLabels } from '../../pkg/labels/labels.ts';
import { validateLabels } from '../../pkg/labels/validate-labels.ts';
import { withoutEmpty } from '../../pkg/labels/without-empty.ts';
import { nowNanoseconds } from '../../pkg/time/now-nanoseconds.ts';
import { snapshotFieldAdaptor } from '../snapshot-field-adaptor.ts';
import type { CommitOptions, SnapshotInfo, SnapshotOptions, SnapshotUsage } from '../snapshotter.ts';
import type { BackendSnapshot } from './backend-snapshot.ts';
import { backendSnapshotsTable } from './backend-snapshots-table.ts';

/** A snapshot with its place on disk and those of the snapshots that it lies on. */
export interface PlacedSnapshot {
  readonly info: SnapshotInfo;
  readonly id: number;
  /** The nearest first. */
  readonly parentIds: readonly number[];
}

const maxKeyLength = 8192;
const noUsage: SnapshotUsage = { inodes: 0, size: 0 };

/**
 * The records of one snapshotter: what its snapshots are, which lies on which, and the number that names each directory.
 *
 * Reads come from memory, what a write answered is on disk. Errors are those of the Snapshotter contract.
 */
export class SnapshotStorage {
  readonly #database: Database;
  readonly #snapshotter: string;
  readonly #ids: SequencePool;

  constructor(database: Database, snapshotter: string) {
    this.#database = database;
    this.#snapshotter = snapshotter;
    this.#ids = new SequencePool(database, `backend-snapshots/${snapshotter}`);
  }

  /** @throws KindError `not-found` */
  get(key: string): PlacedSnapshot {
    const record = this.#find(this.#database.read, key);
    return this.#place(this.#database.read, key, record);
  }

  /** What a committed snapshot was measured at. */
  committedUsage(key: string): SnapshotUsage {
    return this.#find(this.#database.read, key).usage;
  }

  *list(filters: readonly string[]): IterableIterator<SnapshotInfo> {
    const admits = compileFilters(filters);
    for (const [key, record] of this.#database.read.list(backendSnapshotsTable, this.#snapshotter)) {
      const info = infoOf(key, record);
      if (admits(snapshotFieldAdaptor(info))) yield info;
    }
  }

  /** The records of all snapshots, in no order; may be walked slowly: one that is there all the while is not missed. */
  *records(): IterableIterator<BackendSnapshot> {
    const { read } = this.#database;
    for (const key of read.keys(backendSnapshotsTable, this.#snapshotter)) {
      const record = read.get(backendSnapshotsTable, this.#snapshotter, key);
      if (record) yield record;
    }
  }

  /** A number that no snapshot had before; durable before it is given. */
  nextId(): Promise<number> {
    return this.#ids.next();
  }

  /** Refuses what {@link create} would refuse, before directories are made; returns where the parents are. */
  check(key: string, parent: string): readonly number[] {
    return this.#checkNew(this.#database.read, key, parent);
  }

  async create(
    kind: 'view' | 'active',
    id: number,
    key: string,
    parent: string,
    options: SnapshotOptions = {},
  ): Promise<PlacedSnapshot> {
    const labels = withoutEmpty(options.labels ?? noLabels);
    validateLabels(labels);
    return await this.#database.update((tx) => {
      this.#checkNew(tx, key, parent);
      const now = nowNanoseconds();
      const record = { id, kind, parent, labels, createdAt: now, updatedAt: now, usage: noUsage };
      tx.put(backendSnapshotsTable, this.#snapshotter, key, record);
      return this.#place(tx, key, record);
    });
  }

  /** Puts the committed snapshot `name` in the place of the active one `key`; it keeps the directory. */
  async commit(name: string, key: string, usage: SnapshotUsage, options: CommitOptions = {}): Promise<void> {
    checkKey(name);
    const labels = withoutEmpty(options.labels ?? noLabels);
    validateLabels(labels);
    await this.#database.update((tx) => {
      const active = this.#find(tx, key);
      if (tx.get(backendSnapshotsTable, this.#snapshotter, name)) {
        throw new KindError('already-exists', `snapshot "${name}"`);
      }
      if (active.kind !== 'active') throw new KindError('failed-precondition', `snapshot "${key}" is not active`);
      const parent = this.#rebased(tx, key, active, options.parent ?? '');
      const now = nowNanoseconds();
      const record = { ...active, kind: 'committed' as const, parent, labels, usage, createdAt: now, updatedAt: now };
      tx.delete(backendSnapshotsTable, this.#snapshotter, key);
      tx.put(backendSnapshotsTable, this.#snapshotter, name, record);
    });
  }

  /** Takes the record away; returns the number of its directory. */
  async remove(key: string): Promise<number> {
    return await this.#database.update((tx) => {
      const { id } = this.#find(tx, key);
      for (const [child] of tx.indexed(backendSnapshotsTable, this.#snapshotter, key)) {
        throw new KindError('failed-precondition', `cannot remove snapshot "${key}" with child "${child}"`);
      }
      tx.delete(backendSnapshotsTable, this.#snapshotter, key);
      return id;
    });
  }

  async update(info: Pick<SnapshotInfo, 'name' | 'labels'>, paths: readonly string[]): Promise<SnapshotInfo> {
    return await this.#database.update((tx) => {
      const record = this.#find(tx, info.name);
      const labels = applyLabelMask(record.labels, info.labels, paths);
      validateLabels(labels);
      const updated = { ...record, labels, updatedAt: nowNanoseconds() };
      tx.put(backendSnapshotsTable, this.#snapshotter, info.name, updated);
      return infoOf(info.name, updated);
    });
  }

  #find(read: Reader, key: string): BackendSnapshot {
    const record = read.get(backendSnapshotsTable, this.#snapshotter, key);
    if (!record) throw new KindError('not-found', `snapshot "${key}" does not exist`);
    return record;
  }

  #place(read: Reader, key: string, record: BackendSnapshot): PlacedSnapshot {
    return { info: infoOf(key, record), id: record.id, parentIds: this.#chain(read, record.parent) };
  }

  /** The numbers of a committed snapshot and of those beneath it. */
  #chain(read: Reader, name: string): readonly number[] {
    const ids: number[] = [];
    for (let parent = name; parent !== '';) {
      const record = this.#find(read, parent);
      ids.push(record.id);
      parent = record.parent;
    }
    return ids;
  }

  #checkNew(read: Reader, key: string, parent: string): readonly number[] {
    checkKey(key);
    if (parent !== '') this.#checkParent(read, parent);
    if (read.get(backendSnapshotsTable, this.#snapshotter, key)) {
      throw new KindError('already-exists', `snapshot "${key}"`);
    }
    return this.#chain(read, parent);
  }

  #checkParent(read: Reader, parent: string): void {
    const record = read.get(backendSnapshotsTable, this.#snapshotter, parent);
    if (!record) throw new KindError('not-found', `parent snapshot "${parent}" does not exist`);
    if (record.kind !== 'committed') {
      throw new KindError('invalid-argument', `parent "${parent}" is not a committed snapshot`);
    }
  }

  #rebased(read: Reader, key: string, active: BackendSnapshot, parent: string): string {
    if (parent === '' || parent === active.parent) return active.parent;
    if (active.parent !== '') {
      throw new KindError('failed-precondition', `snapshot "${key}" lies on "${active.parent}", not on "${parent}"`);
    }
    this.#checkParent(read, parent);
    return parent;
  }
}

function checkKey(key: string): void {
  if (key !== '' && Buffer.byteLength(key) <= maxKeyLength) return;
  throw new KindError('invalid-argument', `snapshot key must have 1 to ${maxKeyLength} bytes`);
}

function infoOf(name: string, record: BackendSnapshot): SnapshotInfo {
  const { kind, parent, labels, createdAt, updatedAt } = record;
  return { kind, name, parent, labels, createdAt, updatedAt };
}
