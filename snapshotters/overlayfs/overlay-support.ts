import { mkdir, mkdtemp, opendir, rename } from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mountAll } from '../../pkg/sys/mount-all.ts';
import { removeTree } from '../../pkg/sys/remove-tree.ts';
import { unmountAll } from '../../pkg/sys/unmount.ts';

/** Why overlayfs cannot be used on a directory's filesystem; undefined when it can. Needs root. */
export async function whyNoOverlay(root: string): Promise<string | undefined> {
  const scratch = await mkdtemp(join(root, 'check-overlayfs-support-'));
  try {
    if (!(await tellsEntryTypes(scratch))) {
      return `${root} does not support d_type; if it is xfs, format it with ftype=1, or use another snapshotter`;
    }
    return await whyNoMount(scratch);
  } finally {
    await removeTree(scratch);
  }
}

/** The options that this kernel needs of every overlay mount, unless they are configured. */
export function neededMountOptions(configured: readonly string[]): string[] {
  const has = (name: string): boolean => configured.some((option) => option === name || option.startsWith(`${name}=`));
  const needed: string[] = [];
  if (!has('userxattr') && inUserNamespace()) needed.push('userxattr');
  // With the index on, an upper directory cannot be mounted once more elsewhere, which clients do.
  if (!has('index') && existsSync('/sys/module/overlay/parameters/index')) needed.push('index=off');
  return needed;
}

function inUserNamespace(): boolean {
  const [inside, outside, count] = readFileSync('/proc/self/uid_map', 'utf8').trim().split(/\s+/);
  return !(inside === '0' && outside === '0' && count === '4294967295');
}

/** Node asks for the type of an entry by its path when the listing does not tell, so a listing whose path is stale gives it away. */
async function tellsEntryTypes(scratch: string): Promise<boolean> {
  const [listed, moved] = [join(scratch, 'listed'), join(scratch, 'moved')];
  await mkdir(join(listed, 'entry'), { recursive: true });
  await using directory = await opendir(listed);
  await rename(listed, moved);
  try {
    return (await directory.read())?.isDirectory() === true;
  } catch {
    return false;
  }
}

async function whyNoMount(scratch: string): Promise<string | undefined> {
  const [lower1, lower2, upper, work, merged] = ['lower1', 'lower2', 'upper', 'work', 'merged'].map((name) =>
    join(scratch, name),
  ) as [string, string, string, string, string];
  for (const path of [lower1, lower2, upper, work, merged]) await mkdir(path);
  const options = [`lowerdir=${lower2}:${lower1}`, `upperdir=${upper}`, `workdir=${work}`, ...neededMountOptions([])];
  try {
    await mountAll([{ type: 'overlay', source: 'overlay', target: '', options }], merged);
  } catch (error) {
    return `overlay cannot be mounted on ${scratch}: ${String(error)}`;
  }
  await unmountAll(merged, { detach: true });
  return undefined;
}
