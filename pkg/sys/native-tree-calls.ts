/** What the kernel tells of an entry. */
export type EntryStatus = readonly [
  /** With the type's bits. */
  mode: number,
  uid: number,
  gid: number,
  /** Modification time. */
  seconds: number,
  nanoseconds: number,
  /** Numbers of a device node. */
  major: number,
  minor: number,
  size: number,
  links: number,
  /** Where it lies; the inode in two halves, as it may use all 64 bits. */
  device: number,
  inodeUpper: number,
  inodeLower: number,
];

/**
 * Synchronous calls beneath the descriptor of a directory (O_PATH will do), for worker threads.
 *
 * Names are *byte strings*, one character a byte, so that names that are not UTF-8 survive. The last component is never
 * followed if it is a symlink; what comes before it is the caller's to resolve, which is what handles are for.
 *
 * @throws SystemError
 */
export interface NativeTreeCalls {
  /** The descriptor is close-on-exec; `flags` and `resolve` are the kernel's. */
  openat2(directory: number, path: string, flags: number, mode: number, resolve: number): number;
  mkdirat(directory: number, name: string, mode: number): void;
  mknodat(directory: number, name: string, mode: number, major: number, minor: number): void;
  symlinkat(target: string, directory: number, name: string): void;
  linkat(fromDirectory: number, from: string, toDirectory: number, to: string): void;
  renameat(fromDirectory: number, from: string, toDirectory: number, to: string): void;
  unlinkat(directory: number, name: string, isDirectory: boolean): void;
  /** Undefined when there is nothing; an empty name means the directory itself. */
  statAt(directory: number, name: string): EntryStatus | undefined;
  extractFile(
    directory: number,
    name: string,
    mode: number,
    uid: number,
    gid: number,
    seconds: number,
    nanoseconds: number,
    data: Uint8Array,
  ): void;
  setAttributes(fd: number, mode: number, uid: number, gid: number, seconds: number, nanoseconds: number): void;
  setAttributesAt(
    directory: number,
    name: string,
    mode: number,
    uid: number,
    gid: number,
    seconds: number,
    nanoseconds: number,
  ): void;
  setXattrAt(directory: number, name: string, attribute: string, value: Uint8Array): void;
  removeXattrAt(directory: number, name: string, attribute: string): void;
  /** Names, each ended by a null. */
  listXattrsAt(directory: number, name: string): string;
  getXattrAt(directory: number, name: string, attribute: string): Buffer | undefined;
  /** For descriptors that came from here; a worker thread warns when `node:fs` closes them. */
  close(fd: number): void;
}
