import type { RecordChange, Writer } from '../../pkg/database/database.ts';
import type { Labels } from '../../pkg/labels/labels.ts';
import type { CollectableResource, CollectableResources } from './collectable-resources.ts';
import { gcLabels, usedAt } from './gc-labels.ts';
import { NodeMap } from './node-map.ts';
import {
  namespaceOf,
  type RecordKind,
  type RecordPlace,
  type ReferenceVisitor,
  type RemovalEvent,
} from './record-kind.ts';
import { removalOrder, type Removal } from './removal-order.ts';

/** Names a thing that may be referred to. */
interface Node {
  readonly kind: string;
  readonly group: string;
  readonly key: string;
}

// How a thing was reached: for itself and its structure; with all that its labels refer to; or not from a root at all, but because it was
// written while the collection runs, which keeps it and all that it refers to for this time.
const flat = 1;
const full = 2;
const kept = 4;

/** What a collection works with. */
export interface CollectionParts {
  readonly kinds: readonly RecordKind[];
  readonly resources: readonly CollectableResources[];
  /** Nanoseconds since 1970. */
  readonly now: bigint;
}

/**
 * One collection: marks, and removes what is not marked.
 *
 * `steps` is run a few steps at a time, each few inside a transaction that was given to `tx`. Every record that is put
 * by somebody else between them must be told with `touch`, before the next steps run. With this, at any removal:
 *
 * - all roots and all that they refer to, as of this transaction, are marked, for the first ones were looked at in some transaction
 *   and all that was written since was touched and followed;
 * - whoever referred to the record is gone already, or goes with it. So a reference that comes later finds a thing whole or not at all.
 */
export class Collection {
  /** The transaction in which the next steps run. */
  tx: Writer | undefined;
  /** Records removed so far. */
  removed = 0;
  /** Whether something stayed for no other reason than that it was written meanwhile: the next collection looks again. */
  spared = false;
  /** Events of removals, for whoever runs the steps to take once they are on disk. */
  readonly events: RemovalEvent[] = [];
  /** Resources to be removed once the steps are over. */
  readonly doomed: CollectableResource[] = [];

  readonly #parts: CollectionParts;
  readonly #kinds: ReadonlyMap<string, RecordKind>;
  readonly #kindsByTable: ReadonlyMap<string, RecordKind>;
  /** What labels `gc.ref.<kind>` may name. */
  readonly #labelKinds: ReadonlySet<string>;
  readonly #marks = new NodeMap<number>();
  readonly #gray: (Node & { readonly how: number })[] = [];
  readonly #touched: RecordChange[] = [];
  /** Who lives as long as a thing does. */
  readonly #backReferences = new NodeMap<Node[]>();
  readonly #candidates: Node[] = [];
  readonly #resources: { readonly kind: string; readonly resource: CollectableResource }[] = [];

  constructor(parts: CollectionParts) {
    this.#parts = parts;
    this.#kinds = new Map(parts.kinds.map((kind) => [kind.name, kind]));
    this.#kindsByTable = new Map(parts.kinds.map((kind) => [kind.table.name, kind]));
    this.#labelKinds = new Set(['content', 'image', ...parts.resources.map(({ kind }) => kind)]);
  }

  /** Somebody wrote a record. */
  touch(change: RecordChange): void {
    if (change.value !== undefined && this.#kindsByTable.has(change.table)) this.#touched.push(change);
  }

  /** The whole collection, a pause possible at each yield. */
  *steps(): Generator<void, void, void> {
    for (const resources of this.#parts.resources) {
      for (const resource of resources.list()) this.#addResource(resources.kind, resource);
    }
    for (const kind of this.#parts.kinds) {
      for (const group of this.#read.groups(kind.table)) {
        for (const key of this.#read.keys(kind.table, group)) {
          this.#scan(kind, group, key);
          yield;
        }
      }
    }
    yield* this.#trace();
    for (const component of yield* removalOrder(yield* this.#unmarked())) {
      // No pause from here to the removal.
      yield* this.#trace();
      for (const { thing } of component) this.#remove(thing);
      yield;
    }
    yield* this.#trace();
    this.#condemnResources();
  }

  get #read(): Writer {
    if (!this.tx) throw new Error('a step of a collection runs in a transaction');
    return this.tx;
  }

  #place(group: string, key: string): RecordPlace {
    return { group, key, now: this.#parts.now, read: this.#read };
  }

  /** Looks at a record for the first time. */
  #scan(kind: RecordKind, group: string, key: string): void {
    const record = this.#read.get(kind.table, group, key);
    if (record === undefined) return;
    if (kind.isRoot(record, this.#place(group, key))) this.#mark(kind.name, group, key, full);
    const node = { kind: kind.name, group, key };
    this.#addBackReferences(node, kind.labels(record));
    if (kind.collectable) this.#candidates.push(node);
  }

  #addResource(kind: string, resource: CollectableResource): void {
    const { namespace, id, labels } = resource;
    this.#resources.push({ kind, resource });
    if (labels) this.#addBackReferences({ kind, group: namespace, key: id }, labels);
  }

  #addBackReferences(node: Node, labels: Labels): void {
    for (const label of gcLabels(namespaceOf(node.group), labels, this.#labelKinds)) {
      if (label.type !== 'back-reference') continue;
      const children = this.#backReferences.get(label.kind, label.group, label.key);
      if (children) children.push(node);
      else this.#backReferences.set(label.kind, label.group, label.key, [node]);
    }
  }

  #mark(kind: string, group: string, key: string, how: number): void {
    const marks = this.#marks.get(kind, group, key) ?? 0;
    const fresh = how & ~marks & ((marks & full) !== 0 ? ~flat : ~0);
    if (fresh === 0) return;
    this.#marks.set(kind, group, key, marks | fresh);
    this.#gray.push({ kind, group, key, how: fresh });
  }

  /** Follows what was marked and what was touched, until there is no more. */
  *#trace(): Generator<void, void, void> {
    for (;;) {
      const touched = this.#touched.pop();
      const gray = touched ? undefined : this.#gray.pop();
      if (touched) this.#retrace(touched);
      else if (gray) this.#follow(gray);
      else return;
      yield;
    }
  }

  /** A record that was written may refer to other things than before. */
  #retrace({ table, group, key }: RecordChange): void {
    const kind = this.#kindsByTable.get(table);
    const record = kind && this.#read.get(kind.table, group, key);
    if (!kind || record === undefined) return;
    const marks = this.#marks.get(kind.name, group, key) ?? 0;
    const how = marks | (kind.isRoot(record, this.#place(group, key)) ? full : kept);
    this.#marks.set(kind.name, group, key, how);
    this.#gray.push({ kind: kind.name, group, key, how });
  }

  #follow({ kind, group, key, how }: Node & { readonly how: number }): void {
    const deep = how & (full | kept);
    this.#references({ kind, group, key }, deep !== 0, (toKind, toGroup, toKey, isFlat = false) => {
      // What a flat lease lists is kept flat; what an entry lists that no live lease keeps is spared like the entry.
      this.#mark(toKind, toGroup, toKey, isFlat && (how & full) !== 0 ? flat : how);
    });
  }

  /** All that a thing refers to: by what it is and, when `deep`, by labels, its own and those of others that name it. */
  #references(node: Node, deep: boolean, visit: ReferenceVisitor): void {
    const { group, key } = node;
    if (deep) {
      for (const child of this.#backReferences.get(node.kind, group, key) ?? [])
        visit(child.kind, child.group, child.key);
    }
    const kind = this.#kinds.get(node.kind);
    const record = kind && this.#read.get(kind.table, group, key);
    if (!kind || record === undefined) return;
    kind.references(record, this.#place(group, key), visit);
    if (!deep) return;
    for (const label of gcLabels(namespaceOf(group), kind.labels(record), this.#labelKinds)) {
      if (label.type === 'reference') visit(label.kind, label.group, label.key);
      else if (label.type === 'condition' && kind.conditional && this.#holds(label)) {
        visit(label.kind, label.group, label.key);
      }
    }
  }

  #holds({ kind, group, key, holds }: ReturnType<typeof gcLabels>[number]): boolean {
    const known = this.#kinds.get(kind);
    const record = known && this.#read.get(known.table, group, key);
    if (!known || record === undefined) return false;
    const time = usedAt(known.labels(record));
    return time !== undefined && holds?.(this.#parts.now - time) === true;
  }

  /** The candidates that nothing marked, with what they refer to among themselves. */
  *#unmarked(): Generator<void, Removal<Node>[], void> {
    const byName = new NodeMap<Removal<Node>>();
    const removals: Removal<Node>[] = [];
    for (const node of this.#candidates) {
      if (this.#marks.get(node.kind, node.group, node.key) === undefined) {
        const removal = { thing: node, targets: [] };
        byName.set(node.kind, node.group, node.key, removal);
        removals.push(removal);
      }
      yield;
    }
    for (const { thing, targets } of removals) {
      this.#references(thing, true, (kind, group, key) => {
        const target = byName.get(kind, group, key);
        if (target) targets.push(target);
      });
      yield;
    }
    return removals;
  }

  #remove({ kind: name, group, key }: Node): void {
    const kind = this.#kinds.get(name);
    if (!kind || this.#read.get(kind.table, group, key) === undefined) return;
    const marks = this.#marks.get(name, group, key);
    if (marks !== undefined) {
      if (marks === kept) this.spared = true;
      return;
    }
    this.#read.delete(kind.table, group, key);
    this.removed++;
    const event = kind.removalEvent?.(group, key);
    if (event) this.events.push(event);
  }

  #condemnResources(): void {
    for (const { kind, resource } of this.#resources) {
      const { namespace, id, lease, active } = resource;
      const leased = lease !== undefined && this.#marks.get('lease', namespace, lease) !== undefined;
      if (!active && !leased && this.#marks.get(kind, namespace, id) === undefined) this.doomed.push(resource);
    }
  }
}
