import { KindError } from '../errors/kind-error.ts';
import { ChangeSet } from './change-set.ts';
import { compareBytewise } from './compare-bytewise.ts';
import type { Writer } from './database.ts';
import type { RecordStore } from './record-store.ts';
import { sequencesTable } from './sequences-table.ts';
import type { Table } from './table.ts';

/** One function's transaction: its own changes over those of its batch over what is on disk. */
export class Transaction implements Writer {
  readonly changes = new ChangeSet();
  readonly #layers: readonly ChangeSet[];
  readonly #store: RecordStore;
  readonly #tables: ReadonlyMap<string, Table<unknown>>;
  #open = true;

  constructor(store: RecordStore, batch: ChangeSet, tables: ReadonlyMap<string, Table<unknown>>) {
    this.#store = store;
    this.#layers = [this.changes, batch];
    this.#tables = tables;
  }

  get<V>(table: Table<V>, group: string, key: string): V | undefined {
    this.#check(table);
    for (const layer of this.#layers)
      if (layer.has(table.name, group, key)) return layer.get(table.name, group, key)?.value as V | undefined;
    return this.#store.get(table, group, key);
  }

  *list<V>(table: Table<V>, group: string): IterableIterator<[key: string, value: V]> {
    this.#check(table);
    for (const key of this.#keys(table.name, group)) {
      const value = this.get(table, group, key);
      if (value !== undefined) yield [key, value];
    }
  }

  keys(table: Table<unknown>, group: string): readonly string[] {
    this.#check(table);
    const stored = this.#store.keys(table, group);
    const keys = new Set<string>();
    for (const layer of this.#layers) for (const [key] of layer.group(table.name, group) ?? []) keys.add(key);
    if (keys.size === 0) return stored;
    for (const key of stored) keys.add(key);
    return [...keys].filter((key) => this.get(table, group, key) !== undefined);
  }

  *indexed<V>(table: Table<V>, group: string, name: string): IterableIterator<[key: string, value: V]> {
    this.#check(table);
    const keys = new Set(this.#store.indexedKeys(table.name, group, name));
    for (const layer of this.#layers) {
      for (const [key, change] of layer.group(table.name, group) ?? []) if (change !== undefined) keys.add(key);
    }
    for (const key of keys) {
      const value = this.get(table, group, key);
      if (value !== undefined && table.index?.(value).includes(name) === true) yield [key, value];
    }
  }

  groups(table: Table<unknown>): IterableIterator<string> {
    this.#check(table);
    const names = new Set(this.#store.groups(table));
    for (const layer of this.#layers) for (const name of layer.groups(table.name)) names.add(name);
    const changed = (name: string): boolean =>
      this.#layers.some((layer) => layer.group(table.name, name) !== undefined);
    // The store has no empty groups.
    const live = [...names].filter((name) => !changed(name) || this.keys(table, name).length > 0);
    return live.sort(compareBytewise).values();
  }

  put<V>(table: Table<V>, group: string, key: string, value: V): void {
    this.#check(table);
    for (const name of [group, key])
      if (!name.isWellFormed()) throw new KindError('invalid-argument', `name ${JSON.stringify(name)} is not Unicode`);
    this.changes.set(table.name, group, key, { value, bytes: table.encode(value) });
  }

  delete(table: Table<unknown>, group: string, key: string): void {
    if (this.get(table, group, key) !== undefined) this.changes.set(table.name, group, key, undefined);
  }

  nextSequence(name: string): number {
    const next = (this.get(sequencesTable, '', name) ?? 0) + 1;
    this.put(sequencesTable, '', name, next);
    return next;
  }

  /** Ends it: whoever kept the transaction beyond its function gets errors from then on. */
  end(): void {
    this.#open = false;
  }

  #check(table: Table<unknown>): void {
    if (!this.#open) throw new Error('a transaction was used after its function returned; it must be synchronous');
    if (this.#tables.get(table.name) !== table)
      throw new Error(`table "${table.name}" is not among those that the database was opened with`);
  }

  #keys(table: string, group: string): readonly string[] {
    const stored = this.#store.keysOf(table, group);
    const added = new Set<string>();
    for (const layer of this.#layers) {
      for (const [key, change] of layer.group(table, group) ?? []) {
        if (change !== undefined && !this.#store.has(table, group, key)) added.add(key);
      }
    }
    // Deleted keys stay in the list; whoever walks it looks each record up and finds it gone.
    return added.size === 0 ? [...stored] : [...stored, ...added].sort(compareBytewise);
  }
}
