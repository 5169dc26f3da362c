import { constants } from 'node:fs';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { treeCalls } from '../../pkg/sys/tree-calls.ts';
import { isType, type FoundEntry, type LayerChange } from './layer-change.ts';
import { listNames } from './list-names.ts';
import type { LowerDirectories } from './lower-directories.ts';
import { readOverlayState } from './overlay-state.ts';

/** A level holds a descriptor. */
const maxDepth = 1000;
const directoryFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** The directory that is read refers to other layers: it has to be mounted to be understood. */
export class ForeignStateError extends Error {
  constructor(path: string) {
    super(`"${path}" has state of overlayfs that refers to other layers`);
    this.name = 'ForeignStateError';
  }
}

/** What lies in one layer's directory. */
export interface UpperDirectory {
  /** Open for reading. */
  readonly root: number;
  /** Whether the layer is one of overlayfs, whose whiteouts are devices 0/0; otherwise everything in it is an entry. */
  readonly whiteouts: boolean;
  /** The layers beneath. */
  readonly lowers: LowerDirectories;
}

/**
 * Reads the changes that an upper directory of overlayfs stands for, in the order of the names. Synchronous.
 * @throws ForeignStateError when it refers to other layers by a redirect or the like.
 */
export function* upperChanges(upper: UpperDirectory): Generator<LayerChange> {
  yield* changesIn(upper, upper.root, '', 0, false);
}

/** @param hidden whether the layers beneath are hidden at this place already */
function* changesIn(
  upper: UpperDirectory,
  directory: number,
  path: string,
  depth: number,
  hidden: boolean,
): Generator<LayerChange> {
  if (depth > maxDepth) throw new KindError('failed-precondition', `directories are nested deeper than ${maxDepth}`);
  for (const name of listNames(directory).sort()) {
    const status = treeCalls.statAt(directory, name);
    if (!status) continue;
    const entry: FoundEntry = { path: path === '' ? name : `${path}/${name}`, parent: directory, name, status };
    const [mode, , , , , major, minor] = status;
    if (upper.whiteouts && isType(mode, 'character') && major === 0 && minor === 0) {
      if (!hidden) yield { kind: 'delete', path: entry.path };
      continue;
    }
    const state = upper.whiteouts ? readOverlayState(directory, name) : undefined;
    if (state?.foreign === true) throw new ForeignStateError(entry.path);
    yield { kind: 'write', entry };
    if (!isType(mode, 'directory')) continue;
    // overlayfs marks directories that are new, too, where there is nothing to hide.
    const opaque = state?.opaque === true && !hidden && upper.lowers.attributes(entry.path) !== undefined;
    if (opaque) yield { kind: 'opaque', path: entry.path };
    const fd = treeCalls.openat2(directory, name, directoryFlags, 0, 0);
    try {
      yield* changesIn(upper, fd, entry.path, depth + 1, hidden || state?.opaque === true);
    } finally {
      treeCalls.close(fd);
    }
  }
}
