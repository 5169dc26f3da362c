import { readlinkSync } from 'node:fs';
import type { Mount } from '../mounts/mount.ts';
import { toByteString } from './byte-string.ts';
import { DirectoryHandle } from './directory-handle.ts';
import { mountAttributes } from './mount-attributes.ts';
import { mountFlags, parseMountOptions, type MountOptions } from './mount-options.ts';
import { native } from './native.ts';
import { planOverlay } from './overlay-plan.ts';
import { unmountAll } from './unmount.ts';

async function mountOverlay(mount: Mount, target: string, options: MountOptions): Promise<void> {
  const plan = planOverlay(options.data);
  if (plan.kind === 'parameters') {
    const attributes = mountAttributes(options.flags);
    await native.mountByParameters(mount.type, mount.source, target, attributes, plan.parameters, true);
    return;
  }
  const cwd = plan.kind === 'relative' ? plan.cwd : null;
  await native.mount(mount.source, target, mount.type, options.flags, plan.data, cwd, true);
}

async function mountAt(mount: Mount, target: string): Promise<void> {
  const options = parseMountOptions(mount);
  const { flags } = options;
  const bind = (flags & mountFlags.bind) !== 0;
  if (mount.type === 'overlay') await mountOverlay(mount, target, options);
  else
    await native.mount(
      mount.source,
      target,
      bind ? null : mount.type,
      flags,
      options.data.join(',') || null,
      null,
      true,
    );
  // A bind mount takes over its source's flags; its own need a second call.
  const own = flags & ~(mountFlags.bind | mountFlags.rec);
  if (bind && own !== 0 && (flags & mountFlags.remount) === 0) {
    await native.mount('', target, null, own | mountFlags.bind | mountFlags.remount, null, null, true);
  }
  for (const change of options.propagation) await native.mount('', target, null, change, null, null, true);
}

/** Mounts one, at its place beneath `root`, which no symlink leads out of. */
async function mountBeneath(mount: Mount, root: string): Promise<string> {
  if (mount.target === '' || mount.target === '/') {
    await mountAt(mount, root);
    return root;
  }
  const directory = new DirectoryHandle(root);
  try {
    const fd = directory.openBeneath(toByteString(mount.target));
    try {
      await mountAt(mount, `/proc/self/fd/${fd}`);
      return readlinkSync(`/proc/self/fd/${fd}`);
    } finally {
      native.close(fd);
    }
  } finally {
    directory[Symbol.dispose]();
  }
}

/**
 * Performs mounts in order on `target`, an existing directory (or a file for a bind of a file). Runs off the
 * loop. When one fails, those before it are taken off again. Overlay options longer than a page work.
 *
 * Not idempotent: a second call mounts on top. Needs root.
 *
 * @throws SystemError of `mount` or kin; KindError `unimplemented` for an option that needs more than a mount call.
 */
export async function mountAll(mounts: readonly Mount[], target: string): Promise<void> {
  const done: string[] = [];
  try {
    for (const mount of mounts) done.unshift(await mountBeneath(mount, target));
  } catch (error) {
    for (const path of done) await unmountAll(path, { detach: true, times: 1 });
    throw error;
  }
}
