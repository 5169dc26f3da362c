import { isSystemError } from '../../pkg/sys/system-error.ts';
import { treeCalls } from '../../pkg/sys/tree-calls.ts';

/**
 * Attributes that a layer neither gives nor takes: those for administrators, as with containerd, and by which overlayfs keeps its own
 * state.
 */
const foreignPrefixes = ['trusted.', 'user.overlay.'];

function isForeign(name: string): boolean {
  return foreignPrefixes.some((prefix) => name.startsWith(prefix));
}

/**
 * Sets extended attributes of an entry beneath a directory ('' for the directory itself). What the filesystem does not
 * support is left out, as containerd leaves it out, and so are user attributes of what cannot have them (xattr(7)).
 */
export function setXattrs(directory: number, name: string, xattrs: ReadonlyMap<string, Uint8Array>): void {
  for (const [attribute, value] of xattrs) {
    if (isForeign(attribute)) continue;
    try {
      treeCalls.setXattrAt(directory, name, attribute, value);
    } catch (error) {
      const refused = attribute.startsWith('user.') && isSystemError(error, 'EPERM');
      if (!refused && !isSystemError(error, 'EOPNOTSUPP')) throw error;
    }
  }
}

/** The extended attributes of an entry, without those that no layer carries. */
export function readXattrs(directory: number, name: string): Map<string, Uint8Array> {
  const xattrs = new Map<string, Uint8Array>();
  for (const attribute of treeCalls.listXattrsAt(directory, name).split('\0')) {
    if (attribute === '' || isForeign(attribute)) continue;
    const value = treeCalls.getXattrAt(directory, name, attribute);
    if (value) xattrs.set(attribute, value);
  }
  return xattrs;
}
