import { posix } from 'node:path';
import type { Mount } from '../../pkg/mounts/mount.ts';
import type { LayerTarget } from './layer-writer.ts';

function option(mount: Mount, name: string): string | undefined {
  return mount.options.findLast((text) => text.startsWith(`${name}=`))?.slice(name.length + 1);
}

function overlayTarget(mount: Mount): LayerTarget | undefined {
  const root = option(mount, 'upperdir');
  const lowers = option(mount, 'lowerdir');
  if (root === undefined || !posix.isAbsolute(root)) return undefined;
  const paths = lowers === undefined ? [] : lowers.split(/(?<!\\):/).map((path) => path.replaceAll('\\:', ':'));
  return paths.every((path) => posix.isAbsolute(path)) ? { root, lowers: paths, whiteouts: 'overlay' } : undefined;
}

/**
 * The directory that can be unpacked into without mounting: an overlay's upper directory, or the source of a writable bind
 * mount; undefined when the mounts have to be performed.
 */
export function directTarget(mounts: readonly Mount[]): LayerTarget | undefined {
  const [mount, ...others] = mounts;
  if (!mount || others.length > 0 || (mount.target !== '' && mount.target !== '/')) return undefined;
  if (mount.type === 'overlay') return overlayTarget(mount);
  const bind = mount.options.includes('bind') || mount.options.includes('rbind');
  if (!bind || mount.options.includes('ro') || !posix.isAbsolute(mount.source)) return undefined;
  return { root: mount.source, lowers: [], whiteouts: 'delete' };
}
