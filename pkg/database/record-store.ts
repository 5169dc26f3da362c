import { compareBytewise } from './compare-bytewise.ts';
import type { Reader } from './database.ts';
import { RecordGroup } from './record-group.ts';
import type { Table } from './table.ts';

/** What is on disk, decoded, in memory. */
export class RecordStore implements Reader {
  readonly #known: ReadonlyMap<string, Table<unknown>>;
  #tables = new Map<string, Map<string, RecordGroup>>();

  /** @param known the tables by name, for their indexes */
  constructor(known: ReadonlyMap<string, Table<unknown>> = new Map()) {
    this.#known = known;
  }

  get<V>(table: Table<V>, group: string, key: string): V | undefined {
    return this.#tables.get(table.name)?.get(group)?.get(key) as V | undefined;
  }

  /** As of now; records that are deleted before the iteration reaches them are left out. */
  *list<V>(table: Table<V>, group: string): IterableIterator<[key: string, value: V]> {
    const records = this.#tables.get(table.name)?.get(group);
    if (records === undefined) return;
    for (const key of [...records.keys()]) {
      const value = records.get(key) as V | undefined;
      if (value !== undefined) yield [key, value];
    }
  }

  groups(table: Table<unknown>): IterableIterator<string> {
    return [...(this.#tables.get(table.name)?.keys() ?? [])].sort(compareBytewise).values();
  }

  /** Whether a record is there. */
  has(table: string, group: string, key: string): boolean {
    return this.#tables.get(table)?.get(group)?.get(key) !== undefined;
  }

  keys(table: Table<unknown>, group: string): readonly string[] {
    return [...(this.#tables.get(table.name)?.get(group)?.unordered() ?? [])];
  }

  *indexed<V>(table: Table<V>, group: string, name: string): IterableIterator<[key: string, value: V]> {
    for (const key of this.indexedKeys(table.name, group, name)) {
      const value = this.get(table, group, key);
      if (value !== undefined) yield [key, value];
    }
  }

  /** The keys of a group in bytewise order; not to be kept across a change. */
  keysOf(table: string, group: string): readonly string[] {
    return this.#tables.get(table)?.get(group)?.keys() ?? [];
  }

  /** The keys of a group that the index has under a name, as of now. */
  indexedKeys(table: string, group: string, name: string): readonly string[] {
    return [...(this.#tables.get(table)?.get(group)?.indexed(name) ?? [])];
  }

  /** Sets a record. */
  set(table: string, group: string, key: string, value: unknown): void {
    let groups = this.#tables.get(table);
    if (groups === undefined) this.#tables.set(table, (groups = new Map<string, RecordGroup>()));
    let records = groups.get(group);
    if (records === undefined) groups.set(group, (records = new RecordGroup(this.#known.get(table))));
    records.set(key, value);
  }

  /** Removes a record, if it is there, and its group with the last one. */
  delete(table: string, group: string, key: string): void {
    const groups = this.#tables.get(table);
    const records = groups?.get(group);
    records?.delete(key);
    if (records?.size === 0) groups?.delete(group);
  }

  /** Shows what another store holds instead of its own; the other one must not be used after. */
  replaceWith(other: RecordStore): void {
    this.#tables = other.#tables;
  }
}
