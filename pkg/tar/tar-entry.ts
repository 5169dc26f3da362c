/** What an entry of a tar makes. */
export type TarEntryType = 'file' | 'hardlink' | 'symlink' | 'character' | 'block' | 'directory' | 'fifo';

/** A stretch of data of a sparse file. */
export interface SparseRange {
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly length: number;
}

/** One entry of a tar. Names, link targets and names of attributes are byte strings: one character is one byte. */
export interface TarEntry {
  readonly type: TarEntryType;
  /** As written: not cleaned, possibly hostile. */
  readonly name: string;
  /** The target of a link. */
  readonly linkName: string;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of content that follow; 0 for everything but a file. */
  readonly size: number;
  /** Modification time. */
  readonly seconds: number;
  readonly nanoseconds: number;
  /** Device numbers. */
  readonly major: number;
  readonly minor: number;
  /** Extended attributes. */
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
  /** Of a sparse file: where the content belongs, in rising order, and the file's true size. */
  readonly sparse?: { readonly ranges: readonly SparseRange[]; readonly size: number };
}
