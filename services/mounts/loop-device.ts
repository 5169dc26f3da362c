import { accessSync, constants } from 'node:fs';
import { readlink, rm, symlink } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { spawnProcess } from '../../pkg/sys/spawn-process.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';

const devicePath = /^\/dev\/loop\d+$/;

/**
 * Makes a loop device of a file and a link to it. Needs root and util-linux's `losetup`.
 * @throws KindError `invalid-argument` for a path that is not absolute, `unavailable` with what `losetup` said.
 */
export async function attachLoop(file: string, link: string, readOnly: boolean): Promise<void> {
  if (!isAbsolute(file))
    throw new KindError('invalid-argument', `loop device of ${JSON.stringify(file)}: not an absolute path`);
  const device = (await losetup(['--find', '--show', ...(readOnly ? ['--read-only'] : []), file])).trim();
  if (!devicePath.test(device)) throw new KindError('internal', `losetup told no device but ${JSON.stringify(device)}`);
  try {
    await symlink(device, link);
  } catch (error) {
    await losetup(['--detach', device]);
    throw error;
  }
}

/** Frees the loop device behind a link as soon as nobody has it mounted, and removes the link. Idempotent. */
export async function detachLoop(link: string): Promise<void> {
  const device = await readlink(link).catch((error: unknown) => {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (device === undefined) return;
  if (devicePath.test(device)) await losetup(['--detach', device]).catch(ignoreFree);
  await rm(link, { force: true });
}

/** A device that has been freed by others, or went with a reboot. */
function ignoreFree(error: unknown): void {
  if (!(error instanceof KindError) || !/No such device|No such file/.test(error.detail)) throw error;
}

async function losetup(args: readonly string[]): Promise<string> {
  const file = ['/usr/sbin/losetup', '/sbin/losetup', '/usr/bin/losetup'].find(isExecutable);
  if (file === undefined) throw new KindError('unavailable', 'loop devices need losetup, which is not installed');
  const env = { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
  const child = spawnProcess({ file, args, env, stdout: 'collect', stderr: 'collect', maxOutput: 4096 });
  const { code, stdout, stderr } = await child.exited;
  if (code === 0) return stdout.toString();
  throw new KindError('unavailable', `losetup ${args.join(' ')}: ${stderr.toString().trim().slice(0, 500)}`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
