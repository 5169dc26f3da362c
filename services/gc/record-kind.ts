import type { Any } from '../../api/gen/google/protobuf/any.ts';
import type { Reader } from '../../pkg/database/database.ts';
import type { Table } from '../../pkg/database/table.ts';
import type { Labels } from '../../pkg/labels/labels.ts';

/** Where a record is, and when the collection looks at it. */
export interface RecordPlace {
  readonly group: string;
  readonly key: string;
  /** Nanoseconds since 1970, the same for a whole collection. */
  readonly now: bigint;
  readonly read: Reader;
}

/** Takes a thing that is referred to; it need not be there. `flat` keeps the thing without what its labels refer to. */
export type ReferenceVisitor = (kind: string, group: string, key: string, flat?: boolean) => void;

/** What to tell subscribers of a record that was collected. */
export interface RemovalEvent {
  readonly namespace: string;
  readonly topic: string;
  readonly event: Any;
}

/** How the records of one table take part in garbage collection. */
export interface RecordKind<V = unknown> {
  /** The kind's name in references: `content`, `snapshot`, … */
  readonly name: string;
  readonly table: Table<V>;
  /** Whether a record that nothing refers to goes. */
  readonly collectable: boolean;
  /** Whether labels `gc.cond.*` of a record count. */
  readonly conditional: boolean;
  /** Whether a record stays without being referred to. */
  isRoot(record: V, place: RecordPlace): boolean;
  /** Those whose `gc.*` labels count; none for kinds that have no such. */
  labels(record: V): Labels;
  /** What a record refers to by what it is, apart from labels. */
  references(record: V, place: RecordPlace, visit: ReferenceVisitor): void;
  /** The event of a removal, for kinds that have one. */
  removalEvent?(group: string, key: string): RemovalEvent;
}

/** The namespace of a group: groups are namespaces, or begin with one and a slash. */
export function namespaceOf(group: string): string {
  const slash = group.indexOf('/');
  return slash < 0 ? group : group.slice(0, slash);
}
