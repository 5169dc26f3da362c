import { constants, readlinkSync, readSync } from 'node:fs';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { treeCalls } from '../../pkg/sys/tree-calls.ts';
import { isType, type FoundEntry, type LayerChange } from './layer-change.ts';
import { listNames } from './list-names.ts';
import { readXattrs } from './xattrs.ts';

/** A level holds two descriptors. */
const maxDepth = 1000;
const directoryFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const fileFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const chunkSize = 256 * 1024;

/**
 * Walks over two trees at once and tells what `right` has over `left`, in the order of the names. Synchronous.
 *
 * An entry has changed when type, mode, owner, device, extended attributes, time or size differ; where the times of both are
 * whole seconds they may have been rounded, and the content decides, as with containerd. Unlike there a directory whose time
 * alone differs has changed, too: without it the trees would not be the same afterwards.
 *
 * @param left a directory's descriptor, open for reading; undefined for an empty tree
 */
export function* walkChanges(left: number | undefined, right: number): Generator<LayerChange> {
  yield* new TreeComparison().compare(left, right, '', 0);
}

class TreeComparison {
  readonly #buffers: [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)];

  *compare(left: number | undefined, right: number, path: string, depth: number): Generator<LayerChange> {
    if (depth > maxDepth) throw new KindError('failed-precondition', `directories are nested deeper than ${maxDepth}`);
    const before = left === undefined ? [] : listNames(left).sort();
    let at = 0;
    for (const name of listNames(right).sort()) {
      for (let gone = before[at]; gone !== undefined && gone < name; gone = before[++at]) {
        yield { kind: 'delete', path: join(path, gone) };
      }
      const known = before[at] === name;
      if (known) at++;
      const status = treeCalls.statAt(right, name);
      if (!status) continue;
      const entry: FoundEntry = { path: join(path, name), parent: right, name, status };
      yield* this.#entry(known ? left : undefined, entry, depth);
    }
    for (const gone of before.slice(at)) yield { kind: 'delete', path: join(path, gone) };
  }

  /** @param left the directory that has an entry of the same name; undefined when there is none */
  *#entry(left: number | undefined, entry: FoundEntry, depth: number): Generator<LayerChange> {
    const { name, parent, status } = entry;
    const old = left === undefined ? undefined : treeCalls.statAt(left, name);
    const directory = isType(status[0], 'directory');
    if (left === undefined || !old || !this.#same(left, old, entry)) yield { kind: 'write', entry };
    else if (!directory && status[8] > 1) yield { kind: 'unchanged', entry };
    if (!directory) return;
    using handles = new DisposableStack();
    const open = (at: number): number =>
      handles.adopt(treeCalls.openat2(at, name, directoryFlags, 0, 0), (fd) => treeCalls.close(fd));
    const beneath = left !== undefined && old && isType(old[0], 'directory') ? open(left) : undefined;
    yield* this.compare(beneath, open(parent), entry.path, depth + 1);
  }

  #same(left: number, old: FoundEntry['status'], { name, parent, status }: FoundEntry): boolean {
    const [mode, uid, gid, seconds, nanoseconds, major, minor, size, , device, inodeUpper, inodeLower] = status;
    if (device === old[9] && inodeUpper === old[10] && inodeLower === old[11]) return true;
    if (mode !== old[0] || uid !== old[1] || gid !== old[2] || major !== old[5] || minor !== old[6]) return false;
    if (seconds !== old[3] || nanoseconds !== old[4]) return false;
    if (!isType(mode, 'directory') && size !== old[7]) return false;
    if (!sameXattrs(readXattrs(left, name), readXattrs(parent, name))) return false;
    if (nanoseconds !== 0) return true;
    if (isType(mode, 'symlink')) return readLink(left, name) === readLink(parent, name);
    return !isType(mode, 'file') || size === 0 || this.#sameContent(left, parent, name);
  }

  #sameContent(left: number, right: number, name: string): boolean {
    using handles = new DisposableStack();
    const open = (at: number): number =>
      handles.adopt(treeCalls.openat2(at, name, fileFlags, 0, 0), (fd) => treeCalls.close(fd));
    const files = [open(left), open(right)] as const;
    if (this.#buffers[0].length === 0) {
      this.#buffers[0] = Buffer.allocUnsafeSlow(chunkSize);
      this.#buffers[1] = Buffer.allocUnsafeSlow(chunkSize);
    }
    for (;;) {
      const first = readFull(files[0], this.#buffers[0]);
      const second = readFull(files[1], this.#buffers[1]);
      if (!first.equals(second)) return false;
      if (first.length < chunkSize) return true;
    }
  }
}

function join(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}

function readLink(directory: number, name: string): string {
  return readlinkSync(`/proc/self/fd/${directory}/${name}`, { encoding: 'latin1' });
}

function readFull(fd: number, buffer: Buffer): Buffer {
  let length = 0;
  for (let count = -1; count !== 0 && length < buffer.length; length += count) {
    count = readSync(fd, buffer, length, buffer.length - length, null);
  }
  return buffer.subarray(0, length);
}

function sameXattrs(one: ReadonlyMap<string, Uint8Array>, other: ReadonlyMap<string, Uint8Array>): boolean {
  if (one.size !== other.size) return false;
  return [...one].every(([name, value]) => {
    const there = other.get(name);
    return there !== undefined && Buffer.compare(value, there) === 0;
  });
}
