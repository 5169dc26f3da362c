import { DirectoryHandle } from '../../pkg/sys/directory-handle.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { treeCalls } from '../../pkg/sys/tree-calls.ts';
import type { EntryAttributes } from './entry-attributes.ts';
import { readXattrs } from './xattrs.ts';

/** The layers beneath the one that is unpacked, the nearest first. */
export class LowerDirectories implements Disposable {
  readonly #paths: readonly string[];
  #handles: DirectoryHandle[] | undefined;

  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  /** What a directory looks like beneath; undefined when no layer has it or it was removed. */
  attributes(path: string): EntryAttributes | undefined {
    this.#handles ??= this.#paths.map((lower) => new DirectoryHandle(lower));
    for (const handle of this.#handles) {
      let fd: number;
      try {
        fd = handle.openBeneath(path, true);
      } catch (error) {
        if (isSystemError(error, 'ENOENT')) continue;
        // A file or a whiteout: what lies deeper is hidden.
        if (isSystemError(error, 'ENOTDIR', 'ELOOP')) return undefined;
        throw error;
      }
      try {
        return read(fd);
      } finally {
        treeCalls.close(fd);
      }
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    for (const handle of this.#handles ?? []) handle[Symbol.dispose]();
    this.#handles = undefined;
  }
}

function read(fd: number): EntryAttributes | undefined {
  const status = treeCalls.statAt(fd, '');
  if (!status) return undefined;
  const [mode, uid, gid, seconds, nanoseconds] = status;
  return { mode: mode & 0o7777, uid, gid, seconds, nanoseconds, xattrs: readXattrs(fd, '') };
}
