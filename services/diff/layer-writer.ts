import { constants, ftruncateSync, writeSync } from 'node:fs';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { treeCalls } from '../../pkg/sys/tree-calls.ts';
import type { SparseRange, TarEntry } from '../../pkg/tar/tar-entry.ts';
import type { TarConsumer } from '../../pkg/tar/tar-parser.ts';
import { cleanPath, splitPath } from './clean-path.ts';
import type { EntryAttributes } from './entry-attributes.ts';
import { LowerDirectories } from './lower-directories.ts';
import { listNames } from './list-names.ts';
import { ParentDirectories } from './parent-directories.ts';
import { removeTree } from './remove-tree.ts';
import { setXattrs } from './xattrs.ts';

/** Where and how a layer is unpacked. */
export interface LayerTarget {
  /** An existing directory. */
  readonly root: string;
  /** The layers beneath, the nearest first: parents that the layer leaves out look as they do there. */
  readonly lowers: readonly string[];
  /** `overlay` writes whiteouts as overlayfs reads them; `delete` removes what they name. */
  readonly whiteouts: 'overlay' | 'delete';
}

/** OCI image layers: "Whiteouts". */
const whiteoutPrefix = '.wh.';
const opaqueName = '.wh..wh..opq';
/** Names that aufs kept for itself. */
const aufsPrefix = '.wh..wh.';

/** The upper bits of a mode: inode(7). */
const fileType = { mask: 0o170000, directory: 0o040000, character: 0o020000, block: 0o060000, fifo: 0o010000 };
const createFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** What nanoseconds in 63 bits can say; other times become 1970, as with containerd. */
const maxSeconds = 9_223_372_036;

/**
 * Bytes of one write. For a larger one the kernel takes larger pieces of memory, which under load are hard to find: a file of 1 GB in
 * pieces of 1 MiB was seen to cost 2 s of the processor, in pieces of 64 KiB 0.4 s.
 */
const writeSize = 64 * 1024;

/** A file whose content arrives in pieces. */
interface OpenFile {
  readonly entry: TarEntry;
  readonly parent: number;
  readonly name: string;
  readonly fd: number;
  readonly ranges: SparseRange[];
  /** Where the next byte goes, and how many go there in a row. */
  position: number;
  room: number;
}

/**
 * Writes the entries of one layer into a directory, with synchronous calls: for a worker thread. Nothing is written outside the
 * root, whatever the layer holds. Entries replace what is in their place; a directory is merged with one that is there.
 * Directories get their attributes in `finish`, when nothing changes their times any more.
 *
 * @throws KindError `invalid-argument` for a layer that cannot be unpacked; SystemError for what is the machine's fault.
 */
export class LayerWriter implements TarConsumer, Disposable {
  readonly #implied = new Set<string>();
  readonly #target: LayerTarget;
  readonly #parents: ParentDirectories;
  readonly #lowers: LowerDirectories;
  readonly #directories = new Map<string, EntryAttributes>();
  /** With `delete`: what an opaque mark must not remove. */
  readonly #unpacked = new Set<string>();
  #file: OpenFile | undefined;

  constructor(target: LayerTarget) {
    this.#target = target;
    this.#lowers = new LowerDirectories(target.lowers);
    this.#parents = new ParentDirectories(target.root, (path) => this.#addImplied(path));
  }

  /** Directories that the layer does not carry and that were made, as byte strings. */
  get implied(): readonly string[] {
    return [...this.#implied];
  }

  entry(entry: TarEntry, data: Uint8Array | undefined): void {
    try {
      this.#entry(entry, data);
    } catch (error) {
      throw explain(error, entry);
    }
  }

  data(chunk: Uint8Array): void {
    const file = this.#file;
    for (let at = 0; file && at < chunk.length;) {
      if (file.room === 0) {
        const range = file.ranges.shift();
        file.position = range?.offset ?? 0;
        file.room = range?.length ?? 0;
        continue;
      }
      const length = Math.min(file.room, chunk.length - at, writeSize);
      const written = writeSync(file.fd, chunk, at, length, file.position);
      at += written;
      file.position += written;
      file.room -= written;
    }
  }

  end(): void {
    const file = this.#file;
    if (!file) return;
    const { entry, fd } = file;
    if (entry.sparse) ftruncateSync(fd, entry.sparse.size);
    const { mode, uid, gid, seconds, nanoseconds } = bounded(entry);
    treeCalls.setAttributes(fd, mode, uid, gid, seconds, nanoseconds);
    this.#closeFile();
    setXattrs(file.parent, file.name, entry.xattrs);
  }

  /** Gives directories their attributes; nothing may follow. */
  finish(): void {
    for (const [path, attributes] of this.#directories) {
      const [directory, name] = splitPath(path);
      const parent = this.#parents.find(directory);
      if (parent === undefined) continue;
      const mode = treeCalls.statAt(parent, name)?.[0] ?? 0;
      // Something else has taken its place since.
      if ((mode & fileType.mask) === fileType.directory) applyAttributes(parent, name, attributes);
    }
  }

  [Symbol.dispose](): void {
    this.#closeFile();
    this.#parents[Symbol.dispose]();
    this.#lowers[Symbol.dispose]();
  }

  #closeFile(): void {
    if (this.#file) treeCalls.close(this.#file.fd);
    this.#file = undefined;
  }

  #addImplied(path: string): void {
    this.#implied.add(path);
    const seconds = Math.floor(Date.now() / 1000);
    const plain = { mode: 0o755, uid: 0, gid: 0, seconds, nanoseconds: 0, xattrs: new Map<string, Uint8Array>() };
    this.#directories.set(path, this.#lowers.attributes(path) ?? plain);
  }

  #entry(entry: TarEntry, data: Uint8Array | undefined): void {
    const path = cleanPath(entry.name);
    // containerd leaves the root's own attributes to the snapshotter, too.
    if (path === '') return;
    const [directory, name] = splitPath(path);
    if (name === opaqueName) this.#makeOpaque(directory);
    else if (path.startsWith(aufsPrefix)) return;
    else if (name.startsWith(whiteoutPrefix)) this.#whiteout(directory, name.slice(whiteoutPrefix.length), entry);
    else {
      if (this.#target.whiteouts === 'delete') this.#remember(path);
      this.#write(entry, this.#parents.ensure(directory), path, name, data);
    }
  }

  #remember(path: string): void {
    for (let at = path; at !== '' && !this.#unpacked.has(at); [at] = splitPath(at)) this.#unpacked.add(at);
  }

  #write(entry: TarEntry, parent: number, path: string, name: string, data: Uint8Array | undefined): void {
    if (entry.type === 'directory') {
      this.#directory(parent, path, name);
      this.#directories.set(path, bounded(entry));
      // A layer may carry a directory behind what is in it.
      this.#implied.delete(path);
    } else if (entry.type === 'file') this.#writeFile(entry, parent, path, name, data);
    else {
      this.#create(parent, path, name, this.#maker(entry, parent, name));
      applyAttributes(parent, name, bounded(entry));
    }
  }

  #writeFile(entry: TarEntry, parent: number, path: string, name: string, data: Uint8Array | undefined): void {
    if (data) {
      const { mode, uid, gid, seconds, nanoseconds } = bounded(entry);
      this.#create(parent, path, name, () =>
        treeCalls.extractFile(parent, name, mode, uid, gid, seconds, nanoseconds, data),
      );
      if (entry.xattrs.size > 0) setXattrs(parent, name, entry.xattrs);
      return;
    }
    const ranges = entry.sparse ? [...entry.sparse.ranges] : [{ offset: 0, length: entry.size }];
    this.#create(parent, path, name, () => {
      const fd = treeCalls.openat2(parent, name, createFlags, 0o600, 0);
      this.#file = { entry, parent, name, fd, ranges, position: 0, room: 0 };
    });
  }

  /** What makes an entry that is neither file nor directory. */
  #maker(entry: TarEntry, parent: number, name: string): () => void {
    const { linkName, major, minor } = entry;
    if (entry.type === 'symlink') return () => treeCalls.symlinkat(linkName, parent, name);
    if (entry.type === 'hardlink') {
      const [directory, target] = splitPath(cleanPath(linkName));
      const from = this.#parents.find(directory);
      if (from !== undefined && target !== '') return () => treeCalls.linkat(from, target, parent, name);
      throw new KindError('invalid-argument', `target ${JSON.stringify(linkName)} of hard link is not in the layer`);
    }
    const type =
      entry.type === 'character' ? fileType.character : entry.type === 'block' ? fileType.block : fileType.fifo;
    return () => treeCalls.mknodat(parent, name, type | 0o600, major, minor);
  }

  #directory(parent: number, path: string, name: string): void {
    try {
      treeCalls.mkdirat(parent, name, 0o755);
    } catch (error) {
      if (!isSystemError(error, 'EEXIST')) throw error;
      const mode = treeCalls.statAt(parent, name)?.[0] ?? 0;
      if ((mode & fileType.mask) === fileType.directory) return;
      this.#replace(parent, path, name);
      treeCalls.mkdirat(parent, name, 0o755);
    }
  }

  /** Runs a call that makes an entry; when there is one already, it goes first. */
  #create(parent: number, path: string, name: string, make: () => void): void {
    try {
      make();
    } catch (error) {
      if (!isSystemError(error, 'EEXIST')) throw error;
      this.#replace(parent, path, name);
      make();
    }
  }

  #replace(parent: number, path: string, name: string): void {
    removeTree(parent, name);
    this.#directories.delete(path);
    this.#implied.delete(path);
    this.#parents.invalidate();
  }

  #whiteout(directory: string, name: string, entry: TarEntry): void {
    if (name === '' || name === '.' || name === '..') throw new KindError('invalid-argument', 'whiteout of no name');
    const path = directory === '' ? name : `${directory}/${name}`;
    if (this.#target.whiteouts === 'delete') {
      const parent = this.#parents.find(directory);
      if (parent !== undefined) this.#replace(parent, path, name);
      return;
    }
    const parent = this.#parents.ensure(directory);
    // overlayfs: a whiteout is a character device 0/0.
    this.#create(parent, path, name, () => treeCalls.mknodat(parent, name, fileType.character, 0, 0));
    const { uid, gid, seconds, nanoseconds } = bounded(entry);
    treeCalls.setAttributesAt(parent, name, 0, uid, gid, seconds, nanoseconds);
  }

  #makeOpaque(directory: string): void {
    if (this.#target.whiteouts === 'overlay') {
      treeCalls.setXattrAt(this.#parents.ensure(directory), '', 'trusted.overlay.opaque', Buffer.from('y'));
      return;
    }
    const fd = this.#parents.find(directory);
    if (fd !== undefined) this.#clear(fd, directory);
    this.#parents.invalidate();
  }

  /** Removes from a directory what this layer has not put there. */
  #clear(fd: number, directory: string): void {
    for (const name of listNames(fd)) {
      const path = directory === '' ? name : `${directory}/${name}`;
      if (!this.#unpacked.has(path)) {
        removeTree(fd, name);
        continue;
      }
      const mode = treeCalls.statAt(fd, name)?.[0] ?? 0;
      if ((mode & fileType.mask) !== fileType.directory) continue;
      const child = treeCalls.openat2(fd, name, constants.O_DIRECTORY | constants.O_NOFOLLOW, 0, 0);
      try {
        this.#clear(child, path);
      } finally {
        treeCalls.close(child);
      }
    }
  }
}

function bounded(entry: TarEntry): EntryAttributes {
  if (entry.seconds >= 0 && entry.seconds < maxSeconds) return entry;
  return { ...entry, seconds: 0, nanoseconds: 0 };
}

function applyAttributes(parent: number, name: string, attributes: EntryAttributes): void {
  const { mode, uid, gid, seconds, nanoseconds, xattrs } = attributes;
  treeCalls.setAttributesAt(parent, name, mode, uid, gid, seconds, nanoseconds);
  setXattrs(parent, name, xattrs);
}

/** Errors by which the kernel refuses what a layer asks for, not what the machine lacks. */
const layerFaults = [
  'ENAMETOOLONG',
  'ENOTDIR',
  'ELOOP',
  'EINVAL',
  'ENOENT',
  'EISDIR',
  'EEXIST',
  'EXDEV',
  'EMLINK',
  'ERANGE',
];

function explain(error: unknown, entry: TarEntry): unknown {
  const place = `layer entry ${JSON.stringify(entry.name.slice(0, 256))}`;
  if (error instanceof KindError) return new KindError(error.kind, `${place}: ${error.detail}`, { cause: error });
  if (!isSystemError(error)) return error;
  const faulty = layerFaults.includes(error.code) || (error.code === 'EPERM' && entry.type === 'hardlink');
  const full = error.code === 'ENOSPC' || error.code === 'EDQUOT';
  const kind = faulty ? 'invalid-argument' : full ? 'resource-exhausted' : 'unknown';
  return new KindError(kind, `${place}: ${error.message}`, { cause: error });
}
