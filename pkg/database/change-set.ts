/** A record's new state: its value and its bytes, or undefined when it was deleted. */
export type Change = { readonly value: unknown; readonly bytes: Uint8Array } | undefined;

type Changes = Map<string, Change>;

/** Changes of records that are not on disk yet, by table, group and key. */
export class ChangeSet {
  readonly #tables = new Map<string, Map<string, Changes>>();
  #size = 0;
  #bytes = 0;

  /** The number of records changed. */
  get size(): number {
    return this.#size;
  }

  /** The bytes of all values that were ever set, as a measure of the batch. */
  get bytes(): number {
    return this.#bytes;
  }

  has(table: string, group: string, key: string): boolean {
    return this.#tables.get(table)?.get(group)?.has(key) ?? false;
  }

  get(table: string, group: string, key: string): Change {
    return this.#tables.get(table)?.get(group)?.get(key);
  }

  /** The changes of one group, if there are any. */
  group(table: string, group: string): ReadonlyMap<string, Change> | undefined {
    return this.#tables.get(table)?.get(group);
  }

  /** The names of a table's groups with changes. */
  groups(table: string): Iterable<string> {
    return this.#tables.get(table)?.keys() ?? [];
  }

  set(table: string, group: string, key: string, change: Change): void {
    let groups = this.#tables.get(table);
    if (groups === undefined) this.#tables.set(table, (groups = new Map<string, Changes>()));
    let changes = groups.get(group);
    if (changes === undefined) groups.set(group, (changes = new Map<string, Change>()));
    if (!changes.has(key)) this.#size++;
    this.#bytes += change?.bytes.byteLength ?? 0;
    changes.set(key, change);
  }

  /** Every change with its place. */
  *entries(): IterableIterator<[table: string, group: string, key: string, change: Change]> {
    for (const [table, groups] of this.#tables)
      for (const [group, changes] of groups) for (const [key, change] of changes) yield [table, group, key, change];
  }

  /** Takes over the changes of `other`, which win. */
  merge(other: ChangeSet): void {
    for (const [table, group, key, change] of other.entries()) this.set(table, group, key, change);
  }
}
