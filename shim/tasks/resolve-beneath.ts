import { KindError } from '../../pkg/errors/kind-error.ts';
import { host } from '../host/host.ts';

const typeMask = 0o170000;
const linkType = 0o120000;
/** As the kernel's own limit. */
const maxLinks = 40;

/**
 * The path of a place in a tree of files that somebody else made, as it would be with the tree's top as root: symlinks lead nowhere
 * outside. Nobody may change the tree meanwhile.
 *
 * @throws SystemError for a place that is not there; KindError `invalid-argument` for a circle of links.
 */
export function resolveBeneath(root: string, place: string): string {
  const left = place.split('/').reverse();
  const parts: string[] = [];
  let links = 0;
  for (let part = left.pop(); part !== undefined; part = left.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      parts.pop();
      continue;
    }
    const path = [root, ...parts, part].join('/');
    if ((host.status(path).mode & typeMask) !== linkType) {
      parts.push(part);
      continue;
    }
    if (++links > maxLinks) throw new KindError('invalid-argument', `mount target ${place}: too many symbolic links`);
    const target = host.readLink(path);
    if (target.startsWith('/')) parts.length = 0;
    left.push(...target.split('/').reverse());
  }
  return [root, ...parts].join('/');
}
