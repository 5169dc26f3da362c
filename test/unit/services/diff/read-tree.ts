import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { DirectoryHandle } from '../../../../pkg/sys/directory-handle.ts';
import { readXattrs } from '../../../../services/diff/xattrs.ts';

/** @param path a byte string */
function describe(root: string, path: string, withTimes: boolean): string {
  const full = fullPath(root, path);
  const status = lstatSync(full, { bigint: true });
  const type = Number(status.mode) & 0o170000;
  const parts = [`${type.toString(8)}:${(Number(status.mode) & 0o7777).toString(8)}`, `${status.uid}:${status.gid}`];
  if (type === 0o100000)
    parts.push(`${status.nlink}`, createHash('sha256').update(readFileSync(full)).digest('hex').slice(0, 16));
  if (type === 0o120000) parts.push(readlinkSync(full));
  if (type === 0o020000 || type === 0o060000) parts.push(`dev ${status.rdev}`);
  if (withTimes) parts.push(String(status.mtimeNs));
  using handle = new DirectoryHandle(root);
  for (const [name, value] of [...readXattrs(handle.fd, path)].sort()) {
    parts.push(`${name}=${Buffer.from(value).toString('hex')}`);
  }
  return parts.join(' ');
}

function fullPath(root: string, path: string): Buffer {
  return Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]);
}

/** Everything beneath a directory by its path: type, mode, owner, content, links, device, extended attributes, times. */
export function readTree(root: string, options: { times: boolean } = { times: true }): Record<string, string> {
  const tree: Record<string, string> = {};
  const visit = (directory: string): void => {
    for (const name of readdirSync(fullPath(root, directory), { encoding: 'latin1' }).sort()) {
      const path = directory === '' ? name : `${directory}/${name}`;
      tree[Buffer.from(path, 'latin1').toString()] = describe(root, path, options.times);
      if (lstatSync(fullPath(root, path)).isDirectory()) visit(path);
    }
  };
  visit('');
  return tree;
}
