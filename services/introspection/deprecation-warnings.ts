/** A warning of something in use that will go away. */
export interface DeprecationWarning {
  /** containerd's id, `io.containerd.deprecation/…`. */
  readonly id: string;
  readonly message: string;
  /** Nanoseconds since 1970. */
  readonly lastOccurrence: bigint;
}

/** Collects warnings of deprecated things in use, which introspection shows and `ctr` prints. One for each id. */
export interface DeprecationWarnings {
  /** Notes a use of something deprecated, now. */
  emit(id: string, message: string): void;
  /** All of them, each with its last use. */
  list(): readonly DeprecationWarning[];
}
