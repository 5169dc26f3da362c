import { compareBytewise } from './compare-bytewise.ts';
import type { Table } from './table.ts';

/** The records of one group in memory. The order of the keys is made when first asked for, and then kept up. */
export class RecordGroup {
  readonly #table: Table<unknown> | undefined;
  readonly #records = new Map<string, unknown>();
  /** Keys by the names of the table's index. */
  readonly #index = new Map<string, Set<string>>();
  #order: string[] | undefined;

  /** @param table whose `index` is kept up; without it nothing is indexed */
  constructor(table?: Table<unknown>) {
    this.#table = table;
  }

  get size(): number {
    return this.#records.size;
  }

  get(key: string): unknown {
    return this.#records.get(key);
  }

  set(key: string, value: unknown): void {
    const before = this.#records.get(key);
    if (this.#order !== undefined && before === undefined) this.#order.splice(position(this.#order, key), 0, key);
    if (before !== undefined) this.#unindex(key, before);
    this.#records.set(key, value);
    for (const name of this.#table?.index?.(value) ?? []) {
      const keys = this.#index.get(name);
      if (keys === undefined) this.#index.set(name, new Set([key]));
      else keys.add(key);
    }
  }

  delete(key: string): void {
    const before = this.#records.get(key);
    if (before === undefined) return;
    this.#records.delete(key);
    this.#unindex(key, before);
    this.#order?.splice(position(this.#order, key), 1);
  }

  /** The keys in no order; not to be kept across a change. */
  unordered(): Iterable<string> {
    return this.#records.keys();
  }

  /** The keys in bytewise order; the caller must not change the array nor keep it across a change. */
  keys(): readonly string[] {
    this.#order ??= [...this.#records.keys()].sort(compareBytewise);
    return this.#order;
  }

  /** The keys under a name of the index, in no order; not to be kept across a change. */
  indexed(name: string): Iterable<string> {
    return this.#index.get(name) ?? [];
  }

  #unindex(key: string, value: unknown): void {
    for (const name of this.#table?.index?.(value) ?? []) {
      const keys = this.#index.get(name);
      keys?.delete(key);
      if (keys?.size === 0) this.#index.delete(name);
    }
  }
}

/** The index of `key` in sorted `keys`, or where it belongs. */
function position(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareBytewise(keys[middle] ?? '', key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
