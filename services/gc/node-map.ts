/** Values by the names of things: kind, group, key. */
export class NodeMap<T> {
  readonly #kinds = new Map<string, Map<string, Map<string, T>>>();

  get(kind: string, group: string, key: string): T | undefined {
    return this.#kinds.get(kind)?.get(group)?.get(key);
  }

  set(kind: string, group: string, key: string, value: T): void {
    let groups = this.#kinds.get(kind);
    if (groups === undefined) this.#kinds.set(kind, (groups = new Map<string, Map<string, T>>()));
    let values = groups.get(group);
    if (values === undefined) groups.set(group, (values = new Map<string, T>()));
    values.set(key, value);
  }
}
