import { constants, readlinkSync } from 'node:fs';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { DirectoryHandle } from '../../pkg/sys/directory-handle.ts';
import type { EntryStatus } from '../../pkg/sys/native-tree-calls.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { treeCalls } from '../../pkg/sys/tree-calls.ts';
import { encodeTarEntry, tarEnd, tarPadding } from '../../pkg/tar/encode-entry.ts';
import type { TarEntry, TarEntryType } from '../../pkg/tar/tar-entry.ts';
import { splitPath } from './clean-path.ts';
import { isType, type FoundEntry, type LayerChange } from './layer-change.ts';
import { LayerOutput } from './layer-output.ts';
import { readXattrs } from './xattrs.ts';

/** A moment; no file's time in a layer is later. */
export interface TimeLimit {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** O_NONBLOCK: should a FIFO have taken a file's place, nobody waits for its other end. */
const fileFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const noXattrs: ReadonlyMap<string, Uint8Array> = new Map();

/** What marks are: empty files of nobody, from 1970, as containerd writes them. */
const mark: Omit<TarEntry, 'name'> = {
  ...{
    type: 'file' as const,
    linkName: '',
    mode: 0,
    uid: 0,
    gid: 0,
    size: 0,
    seconds: 0,
    nanoseconds: 0,
    major: 0,
    minor: 0,
  },
  xattrs: noXattrs,
};

/** Attributes that mean the same on another machine; `security.selinux` and the like do not. */
const portable = /^(?:user\.|security\.capability$|system\.posix_acl_)/;

/**
 * Writes differences between trees as a layer: whiteouts as `.wh.` names, the directories on the way to an entry before it,
 * files with several names as hard links. Synchronous; the same changes give the same bytes.
 *
 * @throws KindError `failed-precondition` for a file that changes while it is read.
 */
export class ChangeWriter {
  readonly #root: DirectoryHandle;
  readonly #limit: TimeLimit | undefined;
  readonly #output = new LayerOutput();
  /** Directories that were written. */
  readonly #directories = new Set<string>();
  /** By inode: the first name that was written, and names of unchanged files, to be linked if another name is. */
  readonly #written = new Map<string, string>();
  readonly #unchanged = new Map<string, FoundEntry[]>();

  /** @param root the tree that the changes lead to */
  constructor(root: DirectoryHandle, limit: TimeLimit | undefined) {
    this.#root = root;
    this.#limit = limit;
  }

  /** The layer in pieces; each is valid until the next is asked for. */
  *write(changes: Iterable<LayerChange>): Generator<Buffer> {
    for (const change of changes) yield* this.#change(change);
    yield* this.#output.write(tarEnd);
    yield* this.#output.flush();
  }

  *#change(change: LayerChange): Generator<Buffer> {
    if (change.kind === 'write') yield* this.#entry(change.entry);
    else if (change.kind === 'unchanged') yield* this.#unchangedLink(change.entry);
    else {
      const [directory, name] = change.kind === 'opaque' ? [change.path, '.wh..opq'] : splitPath(change.path);
      yield* this.#parents(directory);
      yield* this.#header({ ...mark, name: `${directory === '' ? '' : `${directory}/`}.wh.${name}` });
    }
  }

  /** The directories on the way that were not written yet: their times would change with what is in them. */
  *#parents(path: string): Generator<Buffer> {
    if (path === '' || this.#directories.has(path)) return;
    yield* this.#parents(splitPath(path)[0]);
    this.#directories.add(path);
    const fd = this.#root.openBeneath(path, true);
    try {
      const status = treeCalls.statAt(fd, '');
      if (status) yield* this.#header(this.#describe('directory', `${path}/`, status, readPortableXattrs(fd, '')));
    } finally {
      treeCalls.close(fd);
    }
  }

  *#unchangedLink(entry: FoundEntry): Generator<Buffer> {
    const inode = inodeOf(entry.status);
    const source = this.#written.get(inode);
    if (source !== undefined) yield* this.#link(entry, source);
    else this.#unchanged.set(inode, [...(this.#unchanged.get(inode) ?? []), entry]);
  }

  *#link({ path, status }: FoundEntry, linkName: string): Generator<Buffer> {
    yield* this.#parents(splitPath(path)[0]);
    yield* this.#header({ ...this.#describe('hardlink', path, status, noXattrs), linkName, size: 0 });
  }

  *#entry(entry: FoundEntry): Generator<Buffer> {
    const { name, parent, path, status } = entry;
    const type = typeOf(status[0]);
    // Sockets mean nothing without who listens on them.
    if (type === undefined) return;
    yield* this.#parents(splitPath(path)[0]);
    if (type === 'directory') {
      this.#directories.add(path);
      yield* this.#header(this.#describe(type, `${path}/`, status, readPortableXattrs(parent, name)));
      return;
    }
    const inode = inodeOf(status);
    const linked = status[8] > 1;
    const source = linked ? this.#written.get(inode) : undefined;
    if (source !== undefined) {
      yield* this.#link(entry, source);
      return;
    }
    if (type === 'file') yield* this.#file(entry);
    else {
      const linkName =
        type === 'symlink' ? readlinkSync(`/proc/self/fd/${parent}/${name}`, { encoding: 'latin1' }) : '';
      yield* this.#header({ ...this.#describe(type, path, status, readPortableXattrs(parent, name)), linkName });
    }
    if (!linked) return;
    this.#written.set(inode, path);
    for (const other of this.#unchanged.get(inode) ?? []) yield* this.#link(other, path);
    this.#unchanged.delete(inode);
  }

  *#file({ name, parent, path, status }: FoundEntry): Generator<Buffer> {
    const size = status[7];
    yield* this.#header({ ...this.#describe('file', path, status, readPortableXattrs(parent, name)), size });
    if (size === 0) return;
    const fd = treeCalls.openat2(parent, name, fileFlags, 0, 0);
    try {
      yield* this.#output.read(fd, size);
    } catch (error) {
      if (!(error instanceof KindError)) throw error;
      throw new KindError(error.kind, `"${path}": ${error.detail}`, { cause: error });
    } finally {
      treeCalls.close(fd);
    }
    yield* this.#output.write(Buffer.alloc(tarPadding(size)));
  }

  #header(entry: TarEntry): Generator<Buffer> {
    return this.#output.write(encodeTarEntry(entry));
  }

  #describe(type: TarEntryType, name: string, status: EntryStatus, xattrs: ReadonlyMap<string, Uint8Array>): TarEntry {
    const [mode, uid, gid, seconds, nanoseconds, major, minor] = status;
    const device = type === 'character' || type === 'block' ? { major, minor } : { major: 0, minor: 0 };
    const entry = { type, name, linkName: '', mode: mode & 0o7777, uid, gid, size: 0, ...device, xattrs };
    const limit = this.#limit;
    const late = limit && (seconds > limit.seconds || (seconds === limit.seconds && nanoseconds > limit.nanoseconds));
    return late ? { ...entry, ...limit } : { ...entry, seconds, nanoseconds };
  }
}

function typeOf(mode: number): TarEntryType | undefined {
  const known = ['file', 'directory', 'symlink', 'character', 'block', 'fifo'] as const;
  return known.find((type) => isType(mode, type));
}

function inodeOf(status: EntryStatus): string {
  return status.slice(9).join(':');
}

function readPortableXattrs(directory: number, name: string): ReadonlyMap<string, Uint8Array> {
  try {
    const all = readXattrs(directory, name);
    return all.size === 0 ? all : new Map([...all].filter(([attribute]) => isPortable(attribute)));
  } catch (error) {
    // It went meanwhile; what follows says so if it matters.
    if (isSystemError(error, 'ENOENT')) return noXattrs;
    throw error;
  }
}

/** A pax keyword ends at its first `=`. */
function isPortable(attribute: string): boolean {
  return portable.test(attribute) && !attribute.includes('=');
}
