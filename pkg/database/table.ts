/** A kind of record in a database: its place in the key tree and its codec. */
export interface Table<V> {
  /** Part of the key on disk; unique in the database and never reused for other records. */
  readonly name: string;
  /** Bytes for the disk; V itself is what memory holds. */
  encode(value: V): Uint8Array;
  decode(bytes: Uint8Array): V;
  /** The names under which `Reader.indexed` finds a record, for questions that would walk the group otherwise. Kept in memory only. */
  index?(value: V): readonly string[];
}
