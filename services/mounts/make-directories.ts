import { closeSync } from 'node:fs';
import { chmod, lchown, mkdir } from 'node:fs/promises';
import { basename, dirname, isAbsolute, normalize, relative } from 'node:path';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Mount } from '../../pkg/mounts/mount.ts';
import { DirectoryHandle } from '../../pkg/sys/directory-handle.ts';
import { toByteString } from '../../pkg/sys/byte-string.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';

const prefix = 'X-containerd.mkdir.';
const form = /^path=([^:]+)(?::([0-7]{1,4})(?::(\d{1,10}):(\d{1,10}))?)?$/;

interface Wanted {
  readonly path: string;
  readonly mode: number;
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
}

/**
 * Makes the directories that a mount's options name, and takes those options out. A directory that is there gets mode and owner.
 * @param roots where directories may be made; no symlink leads out of them
 * @throws KindError `invalid-argument` for an option that cannot be read, `unimplemented` for a path elsewhere; SystemError.
 */
export async function makeDirectories(mount: Mount, roots: readonly string[]): Promise<Mount> {
  const options: string[] = [];
  for (const option of mount.options) {
    if (option.startsWith(prefix)) await makeDirectory(parse(option), roots);
    else options.push(option);
  }
  return { ...mount, options };
}

function parse(option: string): Wanted {
  const [, path, mode, uid, gid] = form.exec(option.slice(prefix.length)) ?? [];
  if (path === undefined || !isAbsolute(path))
    throw new KindError(
      'invalid-argument',
      `mount option ${JSON.stringify(option)} is not like ${prefix}path=/PATH:MODE:UID:GID`,
    );
  const owner = uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
  return { path: normalize(path), mode: mode === undefined ? 0o700 : Number.parseInt(mode, 8), owner };
}

async function makeDirectory({ path, mode, owner }: Wanted, roots: readonly string[]): Promise<void> {
  const root = roots.find((candidate) => path.startsWith(`${candidate}/`));
  if (root === undefined)
    throw new KindError('unimplemented', `directory ${path} for a mount: it is in none of ${roots.join(', ')}`);
  using handle = new DirectoryHandle(root);
  const parent = handle.openBeneath(toByteString(dirname(relative(root, path))), true);
  try {
    const name = `/proc/self/fd/${parent}/${basename(path)}`;
    await mkdir(name, { mode }).catch((error: unknown) => {
      if (!isSystemError(error, 'EEXIST')) throw error;
    });
    const made = handle.openBeneath(toByteString(relative(root, path)), true);
    try {
      if (owner) await lchown(name, owner.uid, owner.gid);
      // Behind /proc/self/fd it is this directory, whatever has its name by now.
      await chmod(`/proc/self/fd/${made}/.`, mode);
    } finally {
      closeSync(made);
    }
  } finally {
    closeSync(parent);
  }
}
