import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Mount } from '../../pkg/mounts/mount.ts';
import { mountAttributes } from '../../pkg/sys/mount-attributes.ts';
import { mountFlags, parseMountOptions, type MountOptions } from '../../pkg/sys/mount-options.ts';
import { planOverlay } from '../../pkg/sys/overlay-plan.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { systemText } from '../../pkg/sys/system-text.ts';
import { host } from '../host/host.ts';
import { resolveBeneath } from './resolve-beneath.ts';
import { unmountTree } from './unmount-tree.ts';

/**
 * Performs mounts in order on `rootfs`, an existing directory. When one fails, those before it are taken off again. Overlay options longer
 * than a page work. Not idempotent: a second call mounts on top. Needs root.
 *
 * @throws KindError naming the mount that failed; `unimplemented` for an option that needs more than a mount call.
 */
export function mountRootfs(mounts: readonly Mount[], rootfs: string): void {
  try {
    for (const mount of mounts) told(mount, rootfs, () => mountAt(mount, resolveBeneath(rootfs, mount.target)));
  } catch (error) {
    unmountTree(rootfs);
    throw error;
  }
}

/** Says what was mounted where, as containerd does. */
function told({ type, source, target, options }: Mount, rootfs: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    const what = `mount source: ${JSON.stringify(source)}, target: ${JSON.stringify(rootfs + target)}, fstype: ${type}`;
    throw new KindError('unknown', `${what}, options: ${options.join(',')}, err: ${systemText(error)}`, {
      cause: error,
    });
  }
}

function mountAt(mount: Mount, target: string): void {
  const options = parseMountOptions(mount);
  const { flags } = options;
  const bind = (flags & mountFlags.bind) !== 0;
  if (mount.type === 'overlay') mountOverlay(mount, target, options);
  else host.mount(mount.source, target, bind ? null : mount.type, flags, options.data.join(',') || null, null);
  // A bind mount takes over its source's flags; its own need a second call.
  const own = flags & ~(mountFlags.bind | mountFlags.rec);
  if (bind && own !== 0 && (flags & mountFlags.remount) === 0) {
    host.mount('', target, null, own | mountFlags.bind | mountFlags.remount, null, null);
  }
  for (const change of options.propagation) host.mount('', target, null, change, null, null);
}

function mountOverlay(mount: Mount, target: string, options: MountOptions): void {
  const plan = planOverlay(options.data);
  if (plan.kind === 'parameters') {
    host.mountByParameters(mount.source, target, mount.type, mountAttributes(options.flags), plan.parameters);
    return;
  }
  const cwd = plan.kind === 'relative' ? plan.cwd : null;
  host.mount(mount.source, target, mount.type, options.flags, plan.data, cwd);
}
