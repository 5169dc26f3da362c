import { constants } from 'node:fs';
import { toByteString } from './byte-string.ts';
import { native } from './native.ts';

/** AT_FDCWD of fcntl.h: absolute paths ignore it. */
const noDirectory = -100;
/** Flags of openat2(2): linux/openat2.h. */
const resolveNoMagicLinks = 0x02;
const resolveInRoot = 0x10;
/** O_PATH; not among Node's constants. */
const pathOnly = 0o10000000;

/**
 * A handle of a directory, the root of everything that is reached through it: neither `..` nor a symlink, absolute or
 * not, leads out of it. Handles have no owner but their maker.
 */
export class DirectoryHandle implements Disposable {
  readonly fd: number;
  #open = true;

  /** Opens a directory by an ordinary path. @throws SystemError */
  constructor(path: string) {
    this.fd = native.openat2(noDirectory, toByteString(path), pathOnly | constants.O_DIRECTORY, 0, 0);
  }

  /**
   * Resolves a path (a byte string) as if this directory were `/`, symlinks on the way included. The descriptor is for use as
   * a directory or by /proc/self/fd only (O_PATH), and the caller closes it.
   * @throws SystemError `ENOENT`, `ENOTDIR`, `ELOOP`.
   */
  openBeneath(path: string, directoryOnly = false): number {
    const flags = pathOnly | (directoryOnly ? constants.O_DIRECTORY : 0);
    return native.openat2(this.fd, path === '' ? '.' : path, flags, 0, resolveInRoot | resolveNoMagicLinks);
  }

  [Symbol.dispose](): void {
    if (this.#open) native.close(this.fd);
    this.#open = false;
  }
}
