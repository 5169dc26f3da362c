import { KindError } from '../../pkg/errors/kind-error.ts';

/** PATH_MAX without its null byte. */
const maxPath = 4095;

/**
 * A path as seen from the root of the tree: no empty, `.` or `..` components, no slash at either end; `..` at the root stays
 * there. The root itself is ''.
 * @throws KindError `invalid-argument` for a path that is too long for the kernel.
 */
export function cleanPath(path: string): string {
  if (path.length > maxPath)
    throw new KindError('invalid-argument', `path of ${path.length} bytes in layer is too long`);
  const kept: string[] = [];
  for (const component of path.split('/')) {
    if (component === '..') kept.pop();
    else if (component !== '' && component !== '.') kept.push(component);
  }
  return kept.join('/');
}

/** A clean path's directory and last component. */
export function splitPath(path: string): [directory: string, name: string] {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? ['', path] : [path.slice(0, slash), path.slice(slash + 1)];
}
