/** Records as bytes, for a migration: before any of them is decoded. */
export interface RawRecords {
  /** The records of a table as `[group, key, bytes]`, those that this migration wrote among them. */
  list(table: string): IterableIterator<[group: string, key: string, bytes: Uint8Array]>;
  put(table: string, group: string, key: string, bytes: Uint8Array): void;
  delete(table: string, group: string, key: string): void;
}

/**
 * One step from a version of the key tree to the next. All steps that are needed run at open, in one batch with the new
 * version's record: after a crash there is the old tree or the new one.
 */
export interface Migration {
  /** The version that the step leads to; it starts from the one before. */
  readonly to: number;
  migrate(records: RawRecords): void;
}
