import { treeCalls } from '../../pkg/sys/tree-calls.ts';

/** What overlayfs noted at an entry of an upper directory. */
export interface OverlayState {
  /** A directory that hides what lies beneath it. */
  readonly opaque: boolean;
  /** The entry's content or whereabouts are in another layer, or whiteouts are told by attributes: it cannot be read on its own. */
  readonly foreign: boolean;
}

/** With the mount option `userxattr` the attributes are those of `user.`. */
const prefixes = ['trusted.overlay.', 'user.overlay.'];
const foreign = ['redirect', 'metacopy', 'whiteout', 'whiteouts'];

/** Reads the state of overlayfs: https://docs.kernel.org/filesystems/overlayfs.html. */
export function readOverlayState(directory: number, name: string): OverlayState {
  const names = treeCalls.listXattrsAt(directory, name).split('\0');
  let state: OverlayState = { opaque: false, foreign: false };
  for (const prefix of prefixes) {
    if (foreign.some((attribute) => names.includes(prefix + attribute))) state = { ...state, foreign: true };
    if (!names.includes(`${prefix}opaque`)) continue;
    // 'x': not opaque, but whiteouts in it are files with an attribute.
    const value = treeCalls.getXattrAt(directory, name, `${prefix}opaque`)?.toString('latin1');
    if (value === 'y') state = { ...state, opaque: true };
    else state = { ...state, foreign: true };
  }
  return state;
}
