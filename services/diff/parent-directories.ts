import { readlinkSync } from 'node:fs';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { DirectoryHandle } from '../../pkg/sys/directory-handle.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { treeCalls } from '../../pkg/sys/tree-calls.ts';
import { cleanPath, splitPath } from './clean-path.ts';

const maxOpen = 256;
/** As many as the kernel follows (MAXSYMLINKS). */
const maxLinks = 40;

/**
 * Handles of the directories that entries go into, kept open for the entries that follow. Resolution starts and ends
 * in the root: neither `..` nor a symlink leads out.
 */
export class ParentDirectories implements Disposable {
  readonly root: DirectoryHandle;
  readonly #open = new Map<string, number>();
  #latest = '';
  #stale = false;
  readonly #onMade: (path: string) => void;

  /** @param onMade told of each directory that was missing and had to be made. */
  constructor(root: string, onMade: (path: string) => void) {
    this.root = new DirectoryHandle(root);
    this.#onMade = onMade;
  }

  /** The handle of a directory (a clean path), made with its parents if it is missing. It stays open for some hundred calls. */
  ensure(path: string): number {
    return this.find(path) ?? this.#make(path, 0);
  }

  /**
   * The same without making it; undefined when it is not there.
   * @throws KindError `invalid-argument` when something else is in its place.
   */
  find(path: string): number | undefined {
    if (path === '') return this.root.fd;
    if (this.#stale) this.#forget();
    const known = this.#open.get(path);
    if (known !== undefined) return this.#touch(path, known);
    try {
      return this.#keep(path, this.root.openBeneath(path, true));
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return undefined;
      if (!isSystemError(error, 'ENOTDIR', 'ELOOP')) throw error;
      throw new KindError('invalid-argument', `parent "${path}" is not a directory`, { cause: error });
    }
  }

  /** To be called when something was replaced: paths may lead elsewhere from the next call on. */
  invalidate(): void {
    this.#stale = true;
  }

  #forget(): void {
    for (const fd of this.#open.values()) treeCalls.close(fd);
    this.#open.clear();
    this.#stale = false;
  }

  /** Moves a handle to the end, away from being closed. */
  #touch(path: string, fd: number): number {
    if (path !== this.#latest) {
      this.#open.delete(path);
      this.#open.set(path, fd);
      this.#latest = path;
    }
    return fd;
  }

  #keep(path: string, fd: number): number {
    const [oldest] = this.#open;
    if (oldest && this.#open.size >= maxOpen) {
      treeCalls.close(oldest[1]);
      this.#open.delete(oldest[0]);
    }
    this.#open.set(path, fd);
    this.#latest = path;
    return fd;
  }

  #make(path: string, links: number): number {
    const found = this.find(path);
    if (found !== undefined) return found;
    if (links > maxLinks) throw new KindError('invalid-argument', `too many symlinks on the way to "${path}"`);
    const [directory, name] = splitPath(path);
    const parent = this.#make(directory, links);
    try {
      treeCalls.mkdirat(parent, name, 0o755);
      this.#onMade(path);
    } catch (error) {
      if (!isSystemError(error, 'EEXIST')) throw error;
      // A symlink whose target is missing: make the target, within the root.
      const target = readlinkSync(`/proc/self/fd/${parent}/${name}`, { encoding: 'latin1' });
      this.#make(cleanPath(target.startsWith('/') ? target : `${directory}/${target}`), links + 1);
    }
    return this.find(path) ?? this.#make(path, links + 1);
  }

  [Symbol.dispose](): void {
    this.#forget();
    this.root[Symbol.dispose]();
  }
}
