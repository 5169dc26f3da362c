import type { Database, Reader, Writer } from '../../../pkg/database/database.ts';
import { KindError } from '../../../pkg/errors/kind-error.ts';
import { nowNanoseconds } from '../../../pkg/time/now-nanoseconds.ts';
import type { Scope } from '../../../pkg/scope/scope.ts';
import { addToLease } from '../../metadata/add-to-lease.ts';
import { removeFromLease } from '../../metadata/remove-from-lease.ts';
import {
  snapshotsGroup,
  snapshotsTable,
  type SnapshotCommitIntent,
  type SnapshotRecord,
} from '../../metadata/snapshots-table.ts';
import { touchNamespace } from '../../metadata/touch-namespace.ts';

/** The records of one snapshotter in all namespaces, and the rules that hold between them. Errors name the client's keys. */
export class SnapshotRecords {
  readonly #database: Database;
  readonly #snapshotter: string;

  constructor(database: Database, snapshotter: string) {
    this.#database = database;
    this.#snapshotter = snapshotter;
  }

  /** @throws KindError `not-found` */
  get(scope: Scope, key: string, read: Reader = this.#database.read): SnapshotRecord {
    const record = this.find(scope, key, read);
    if (!record) throw new KindError('not-found', `snapshot "${key}" does not exist`);
    return record;
  }

  find(scope: Scope, key: string, read: Reader = this.#database.read): SnapshotRecord | undefined {
    return read.get(snapshotsTable, this.#group(scope), key);
  }

  list(scope: Scope, read: Reader = this.#database.read): SnapshotRecord[] {
    return [...read.list(snapshotsTable, this.#group(scope))].map(([, record]) => record);
  }

  /** All namespaces' records; may be walked slowly: one that is there all the while is not missed. */
  *all(): IterableIterator<{ namespace: string; record: SnapshotRecord }> {
    const { read } = this.#database;
    for (const group of read.groups(snapshotsTable)) {
      const namespace = group.slice(0, group.indexOf('/'));
      if (group !== snapshotsGroup(namespace, this.#snapshotter)) continue;
      for (const key of read.keys(snapshotsTable, group)) {
        const record = read.get(snapshotsTable, group, key);
        if (record) yield { namespace, record };
      }
    }
  }

  /** @throws KindError `already-exists` */
  checkFree(scope: Scope, key: string, read: Reader = this.#database.read): void {
    if (this.find(scope, key, read)) throw new KindError('already-exists', `snapshot "${key}"`);
  }

  /** The backend's name of a parent; empty for none. @throws KindError `not-found`, `invalid-argument` */
  parentKey(scope: Scope, parent: string, read: Reader = this.#database.read): string {
    if (parent === '') return '';
    const record = this.find(scope, parent, read);
    if (!record) throw new KindError('not-found', `parent snapshot "${parent}" does not exist`);
    if (record.kind !== 'committed') {
      throw new KindError('invalid-argument', `parent "${parent}" is not a committed snapshot`);
    }
    return record.backendKey;
  }

  /** Lists a snapshot in the lease of the scope, in a write of its own. */
  async lease(scope: Scope, key: string): Promise<void> {
    if (scope.lease === undefined) return;
    await this.#database.update((tx) => this.#addToLease(tx, scope, key));
  }

  /** @throws KindError `already-exists`; `not-found` for a parent or lease that has gone meanwhile */
  async create(scope: Scope, record: SnapshotRecord): Promise<void> {
    await this.#database.update((tx) => {
      this.checkFree(scope, record.name, tx);
      this.parentKey(scope, record.parent, tx);
      touchNamespace(tx, scope.namespace);
      tx.put(snapshotsTable, this.#group(scope), record.name, record);
      this.#addToLease(tx, scope, record.name);
    });
  }

  async change(scope: Scope, key: string, change: (record: SnapshotRecord) => SnapshotRecord): Promise<SnapshotRecord> {
    return await this.#database.update((tx) => {
      const record = change(this.get(scope, key, tx));
      tx.put(snapshotsTable, this.#group(scope), key, record);
      return record;
    });
  }

  async remove(scope: Scope, key: string): Promise<void> {
    await this.#database.update((tx) => {
      this.get(scope, key, tx);
      for (const [child] of tx.indexed(snapshotsTable, this.#group(scope), key)) {
        throw new KindError('failed-precondition', `cannot remove snapshot "${key}" with child "${child}"`);
      }
      tx.delete(snapshotsTable, this.#group(scope), key);
      removeFromLease(tx, scope, { type: `snapshots/${this.#snapshotter}`, id: key });
    });
  }

  /**
   * Notes durably that a commit begins. The new name is listed in the lease already, so that a lease that is not there
   * is met before anything is done.
   */
  async beginCommit(scope: Scope, key: string, intent: SnapshotCommitIntent): Promise<void> {
    await this.#database.update((tx) => {
      const record = this.checkCommit(scope, key, intent, tx);
      this.#addToLease(tx, scope, intent.name);
      tx.put(snapshotsTable, this.#group(scope), key, { ...record, committing: intent });
    });
  }

  /** Refuses a commit that cannot be. */
  checkCommit(
    scope: Scope,
    key: string,
    { name, parent }: Pick<SnapshotCommitIntent, 'name' | 'parent'>,
    read: Reader = this.#database.read,
  ): SnapshotRecord {
    // The name first: who commits twice has lost the key, and is told that the name is there.
    this.checkFree(scope, name, read);
    const record = this.get(scope, key, read);
    if (record.kind !== 'active') throw new KindError('failed-precondition', `snapshot "${key}" is not active`);
    if (parent !== '' && parent !== record.parent) {
      if (record.parent !== '') {
        throw new KindError('failed-precondition', `snapshot "${key}" lies on "${record.parent}", not on "${parent}"`);
      }
      this.parentKey(scope, parent, read);
    }
    return record;
  }

  /** Puts the committed snapshot in the active one's place. */
  async finishCommit(scope: Scope, key: string): Promise<void> {
    await this.#database.update((tx) => {
      const { committing, ...active } = this.get(scope, key, tx);
      if (!committing) throw new KindError('aborted', `commit of snapshot "${key}" was given up`);
      const { name, backendKey, labels } = committing;
      this.checkFree(scope, name, tx);
      const now = nowNanoseconds();
      const parent = committing.parent || active.parent;
      tx.delete(snapshotsTable, this.#group(scope), key);
      tx.put(snapshotsTable, this.#group(scope), name, {
        ...{ name, backendKey, parent, labels, kind: 'committed' },
        ...{ createdAt: now, updatedAt: now },
      });
      removeFromLease(tx, scope, { type: `snapshots/${this.#snapshotter}`, id: key });
    });
  }

  async dropCommit(scope: Scope, key: string): Promise<void> {
    await this.#database.update((tx) => {
      const record = this.find(scope, key, tx);
      if (!record?.committing) return;
      tx.put(snapshotsTable, this.#group(scope), key, { ...record, committing: undefined });
    });
  }

  #group(scope: Scope): string {
    return snapshotsGroup(scope.namespace, this.#snapshotter);
  }

  #addToLease(tx: Writer, scope: Scope, key: string): void {
    addToLease(tx, scope, { type: `snapshots/${this.#snapshotter}`, id: key });
  }
}
