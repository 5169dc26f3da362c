/** A namespace's record. */
export interface Namespace {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
}

/**
 * Keeps namespaces and their labels. Any write in a namespace makes it.
 *
 * `labels` of a namespace that is not there are empty: clients read defaults from them. `delete` refuses one that
 * still holds images, blobs, containers or snapshots (`failed-precondition`). `update` changes what `paths`
 * name (`labels`, `labels.<key>`), or all labels when `paths` is empty. Each change is followed by its event.
 */
export interface NamespaceStore {
  labels(name: string): Promise<ReadonlyMap<string, string>>;
  list(): Promise<readonly Namespace[]>;
  create(name: string, labels: ReadonlyMap<string, string>): Promise<Namespace>;
  update(name: string, labels: ReadonlyMap<string, string>, paths: readonly string[]): Promise<Namespace>;
  delete(name: string): Promise<void>;
}
