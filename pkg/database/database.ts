import type { Table } from './table.ts';

/** Reads of a {@link Database}: from memory, synchronous, only what is on disk. */
export interface Reader {
  /** The record, or undefined. Records are shared and must not be changed by the caller. */
  get<V>(table: Table<V>, group: string, key: string): V | undefined;
  /** All records of one group in bytewise order of their keys. */
  list<V>(table: Table<V>, group: string): IterableIterator<[key: string, value: V]>;
  /** The keys of one group as of now, in no order: cheaper than `list` for large groups. */
  keys(table: Table<unknown>, group: string): readonly string[];
  /** The records of one group that the table's `index` puts under `name`, in no order. */
  indexed<V>(table: Table<V>, group: string, name: string): IterableIterator<[key: string, value: V]>;
  /** The names of the groups of a table that hold a record, in bytewise order. */
  groups(table: Table<unknown>): IterableIterator<string>;
}

/** Reads and writes inside one transaction; reads see the transaction's own writes. */
export interface Writer extends Reader {
  put<V>(table: Table<V>, group: string, key: string, value: V): void;
  delete(table: Table<unknown>, group: string, key: string): void;
  /** The next number of a named sequence, from 1; never given twice, not even after a crash. */
  nextSequence(name: string): number;
}

/** A record's change by a transaction. */
export interface RecordChange {
  /** The table's name. */
  readonly table: string;
  readonly group: string;
  readonly key: string;
  /** The new value; undefined when it was deleted. */
  readonly value: unknown;
}

/**
 * The daemon's records: one durable key-value database that is served from memory.
 *
 * A record lives in a {@link Table}, in a group (for most tables the namespace), under a key.
 *
 * Life of a write: `update(fn)` queues `fn`. The committer takes all functions that are queued, runs them one
 * after the other, each seeing what those before it wrote, and writes their changes as one batch with one
 * sync. Only when the batch is on disk does memory show it and do the promises settle. So a function must be
 * synchronous and free of side effects: it reads, decides and writes through its transaction alone. A function
 * that throws leaves none of its writes and rejects its own promise only. Writes that wait while a batch is
 * being synced share the next one: fifty creates at once cost a few syncs.
 *
 * A batch that cannot be written rejects all its functions' promises with the cause; the database is closed
 * and opened again and memory is rebuilt from it, so that it works on as soon as the disk does.
 *
 * @example
 * const image = database.read.get(imagesTable, 'default', name);
 * await database.update((tx) => {
 *   if (tx.get(imagesTable, 'default', name)) throw new KindError('already-exists', `image "${name}"`);
 *   tx.put(imagesTable, 'default', name, record);
 * });
 */
export interface Database extends AsyncDisposable {
  readonly read: Reader;
  /** Runs `fn` in a transaction; resolves with its result once that is on disk. */
  update<T>(fn: (tx: Writer) => T): Promise<T>;
  /**
   * Calls `observer` with the changes of each transaction that changes something, before any later transaction runs: so whoever
   * decides in a transaction knows of all that this transaction sees. The changes are not on disk yet, and when the write fails they
   * never will be. The observer must be quick and must not throw.
   */
  observe(observer: (changes: readonly RecordChange[]) => void): Disposable;
}
