import { constants } from 'node:fs';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { treeCalls } from '../../pkg/sys/tree-calls.ts';
import { listNames } from './list-names.ts';

/** Symlinks let a layer nest directories deeper than a path is long; each level holds a descriptor here. */
const maxDepth = 4096;

const openFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

function removeDirectory(parent: number, name: string, depth: number): void {
  if (depth > maxDepth)
    throw new KindError('invalid-argument', `directories in layer are nested deeper than ${maxDepth}`);
  const fd = treeCalls.openat2(parent, name, openFlags, 0, 0);
  try {
    for (const child of listNames(fd)) remove(fd, child, depth + 1);
  } finally {
    treeCalls.close(fd);
  }
  treeCalls.unlinkat(parent, name, true);
}

function remove(parent: number, name: string, depth: number): void {
  try {
    treeCalls.unlinkat(parent, name, false);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return;
    if (!isSystemError(error, 'EISDIR')) throw error;
    removeDirectory(parent, name, depth);
  }
}

/** Removes an entry of a directory with all that is beneath it, without following a symlink. Idempotent. */
export function removeTree(parent: number, name: string): void {
  remove(parent, name, 0);
}
