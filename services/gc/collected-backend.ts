/** The place of a record that was deleted. */
export interface GoneRecord {
  /** The table's name. */
  readonly table: string;
  readonly group: string;
  readonly key: string;
}

/** Something that keeps files for records, such as a snapshotter, and deletes them when the records are gone. */
export interface CollectedBackend {
  /** For the log. */
  readonly name: string;
  /** Whether the records of a table's group are its own. Asked for every record that is deleted: quick. */
  keeps(table: string, group: string): boolean;
  /**
   * Deletes what no record names.
   *
   * Called when records were deleted since the last call, by whomever, with those; some may be there again. Never called twice at once.
   * After a failure it is called again, at the next collection, with the same records and more. What went before a restart is not told.
   * @param gone undefined when some went before the backend was registered, so that it has to look at all
   */
  cleanup(gone: readonly GoneRecord[] | undefined): Promise<void>;
}
