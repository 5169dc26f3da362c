import { isSystemError } from '../../pkg/sys/system-error.ts';
import { host } from '../host/host.ts';

/** The last component of the path is not followed if it is a symlink: linux/fs.h. */
const noFollow = 8;
/** Out of the tree at once, and gone when nobody uses it any more. */
const detach = 2;
const maxMountTable = 64 << 20;

/**
 * Takes every mount off a directory, and off what is beneath. Idempotent: a path that is not a mount point, or is not there, is no error.
 * One that is in use is detached. Needs root.
 *
 * @param beneath look for mounts beneath even where nothing is mounted on the directory itself
 */
export function unmountTree(directory: string, beneath = false): void {
  if (unmountTop(directory, 0) && (!beneath || isEmpty(directory))) return;
  // The table of mounts is long on a machine with many containers, so it is read only where something is in the way.
  for (const path of mountsBeneath(directory)) unmountTop(path, detach);
  unmountTop(directory, detach);
}

/** Nothing is mounted beneath an empty directory, nor beneath one that is not there. */
function isEmpty(directory: string): boolean {
  try {
    return host.readDirectory(directory).length === 0;
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return true;
    throw error;
  }
}

/** Takes off what is mounted right there; false when something is in the way. */
function unmountTop(path: string, flags: number): boolean {
  try {
    for (;;) host.unmount(path, noFollow | flags);
  } catch (error) {
    if (isSystemError(error, 'EINVAL', 'ENOENT')) return true;
    if (isSystemError(error, 'EBUSY')) return false;
    throw error;
  }
}

/** The deepest first. */
function mountsBeneath(directory: string): string[] {
  const table = host.decodeUtf8(host.readFile('/proc/self/mountinfo', maxMountTable));
  return table
    .split('\n')
    .map((line) => unescapeMountPoint(line.split(' ', 5)[4] ?? ''))
    .filter((point) => point.startsWith(`${directory}/`))
    .reverse();
}

/** The kernel writes space, tab, newline and backslash as octal numbers. */
function unescapeMountPoint(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_match, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
