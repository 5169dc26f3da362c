import { isSystemError } from '../../pkg/sys/system-error.ts';
import { host } from '../host/host.ts';

/** How to reach the shim of a task or its group. */
export type GroupSocket =
  /** There is one already. */
  | { readonly kind: 'served' }
  /** It is to be: a listening socket. */
  | { readonly kind: 'ours'; readonly listener: number };

const socketMode = 0o600;
const directoryMode = 0o700;

/**
 * Listens where the shim of a task or its group is looked for, unless somebody does already. A socket that nobody listens on any more is
 * removed.
 *
 * @throws SystemError
 */
export function listenForGroup(path: string): GroupSocket {
  host.makeDirectory(path.slice(0, path.lastIndexOf('/')), directoryMode);
  try {
    return { kind: 'ours', listener: host.listenUnix(path, socketMode) };
  } catch (error) {
    if (!isSystemError(error, 'EADDRINUSE')) throw error;
  }
  if (isServed(path)) return { kind: 'served' };
  removeSocket(path);
  return { kind: 'ours', listener: host.listenUnix(path, socketMode) };
}

/** Whether somebody listens there. */
export function isServed(path: string): boolean {
  try {
    host.close(host.connectUnix(path));
    return true;
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ECONNREFUSED')) return false;
    // So many wait to be let in that there is no room for us.
    if (isSystemError(error, 'EAGAIN')) return true;
    throw error;
  }
}

/** Removes a socket's file. Idempotent. */
export function removeSocket(path: string): void {
  try {
    host.unlink(path);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
  }
}
