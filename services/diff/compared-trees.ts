import { posix } from 'node:path';
import type { Mount } from '../../pkg/mounts/mount.ts';
import type { ComparedTrees } from './extract-request.ts';

/** Options of overlayfs under which the layers read on their own show what the mount shows. */
const plainOptions = /^(?:ro|rw|index=|userxattr$|volatile$|workdir=|xino=|uuid=|nfs_export=|upperdir=|lowerdir=)/;

function isRoot(mount: Mount): boolean {
  return mount.target === '' || mount.target === '/';
}

function optionOf(mount: Mount, name: string): string | undefined {
  return mount.options.findLast((text) => text.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** The directory that a single bind mount shows. */
function bound(mounts: readonly Mount[]): string | undefined {
  const [mount, ...others] = mounts;
  if (!mount || others.length > 0 || !isRoot(mount) || !posix.isAbsolute(mount.source)) return undefined;
  const plain = mount.options.every((option) => ['bind', 'rbind', 'ro', 'rw'].includes(option));
  return plain && mount.options.some((option) => option.endsWith('bind')) ? mount.source : undefined;
}

/** The layers that mounts of overlayfs stack, the nearest first; undefined for what is not plain. */
function stacked(mounts: readonly Mount[]): readonly string[] | undefined {
  const [mount, ...others] = mounts;
  if (!mount || others.length > 0 || mount.type !== 'overlay' || !isRoot(mount)) return undefined;
  const lower = optionOf(mount, 'lowerdir');
  if (lower === undefined || !mount.options.every((option) => plainOptions.test(option))) return undefined;
  const upper = optionOf(mount, 'upperdir');
  const lowers = lower.split(/(?<!\\):/).map((path) => path.replaceAll('\\:', ':'));
  const layers = upper === undefined ? lowers : [upper, ...lowers];
  return layers.every((path) => posix.isAbsolute(path)) ? layers : undefined;
}

/**
 * What can be compared without mounting anything: the topmost layer of an overlay whose other layers are exactly those of `left`,
 * or two directories.
 */
export function directTrees(left: readonly Mount[], right: readonly Mount[]): ComparedTrees | undefined {
  const [root, ...lowers] = stacked(right) ?? [];
  const single = bound(left);
  const beneath = left.length === 0 ? [] : single === undefined ? stacked(left) : [single];
  if (root !== undefined && beneath?.length === lowers.length && beneath.every((path, at) => path === lowers[at])) {
    return { kind: 'upper', root, lowers, whiteouts: true };
  }
  const directory = bound(right);
  if (directory === undefined || (left.length > 0 && single === undefined)) return undefined;
  return { kind: 'walk', left: single, right: directory };
}

/** The mounts for reading only: an upper directory may be in use by somebody else's mount. */
export function readOnlyMounts(mounts: readonly Mount[]): Mount[] {
  return mounts.map((mount) => {
    if (mount.type !== 'overlay')
      return { ...mount, options: [...mount.options.filter((each) => each !== 'rw'), 'ro'] };
    const upper = optionOf(mount, 'upperdir');
    const kept = mount.options.filter((each) => !/^(?:upperdir|workdir)=|^(?:volatile|rw)$/.test(each));
    if (upper === undefined) return { ...mount, options: kept };
    const lowers = (each: string): string => each.replace(/^lowerdir=/, `lowerdir=${upper.replaceAll(':', '\\:')}:`);
    return { ...mount, options: kept.map(lowers) };
  });
}
