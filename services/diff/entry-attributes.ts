/** What an entry carries beside its content. */
export interface EntryAttributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
}
