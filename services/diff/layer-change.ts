import type { EntryStatus } from '../../pkg/sys/native-tree-calls.ts';

/** An entry of the tree that is packed, as it was found: `name` in the open directory `parent`. */
export interface FoundEntry {
  /** From the root, without a slash at either end; a byte string. */
  readonly path: string;
  /** Stays open until the next change is asked for. */
  readonly parent: number;
  readonly name: string;
  readonly status: EntryStatus;
}

/** One difference between two trees. */
export type LayerChange =
  /** New or changed. */
  | { readonly kind: 'write'; readonly entry: FoundEntry }
  /** As it was; told of files with several names only, of which another may have changed. */
  | { readonly kind: 'unchanged'; readonly entry: FoundEntry }
  | { readonly kind: 'delete'; readonly path: string }
  /** What the directory held before is gone; follows the directory itself. */
  | { readonly kind: 'opaque'; readonly path: string };

/** The upper bits of a mode: inode(7). */
const typeMask = 0o170000;

const types = {
  socket: 0o140000,
  symlink: 0o120000,
  file: 0o100000,
  block: 0o060000,
  directory: 0o040000,
  character: 0o020000,
  fifo: 0o010000,
} as const;

/** Whether a mode is that of an entry of this type. */
export function isType(mode: number, type: keyof typeof types): boolean {
  return (mode & typeMask) === types[type];
}
