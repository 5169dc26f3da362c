import { isSystemError } from '../../pkg/sys/system-error.ts';
import { host } from '../host/host.ts';
import { defaultSocketDirectory } from './shim-address.ts';

/** A symlink in the bundle, as shims of containerd 2.3 leave it for whoever removes their socket. */
const link = 's';

/** Keeps in the bundle that we work in where the daemon wants sockets. @throws SystemError */
export function keepSocketDirectory(directory: string): void {
  try {
    host.unlink(link);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
  }
  host.symlink(directory, link);
}

/** Where the daemon of a bundle wanted sockets. */
export function readSocketDirectory(bundle: string): string {
  try {
    return host.readLink(`${bundle}/${link}`);
  } catch (error) {
    if (isSystemError(error)) return defaultSocketDirectory;
    throw error;
  }
}
