import { isSystemError } from '../../pkg/sys/system-error.ts';
import { host } from '../host/host.ts';

/** Removes a directory of ours and all in it. Idempotent. @throws SystemError for what cannot be removed. */
export function removeDirectoryTree(path: string): void {
  let names: readonly string[];
  try {
    names = host.readDirectory(path);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return;
    throw error;
  }
  for (const name of names) {
    const entry = `${path}/${name}`;
    if ((host.status(entry).mode & 0o170000) === 0o040000) removeDirectoryTree(entry);
    else host.unlink(entry);
  }
  host.removeDirectory(path);
}
