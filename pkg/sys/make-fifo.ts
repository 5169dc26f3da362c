import { native } from './native.ts';

/**
 * Makes a named pipe with exactly this mode under umask 0.
 * @throws SystemError `EEXIST` and kin.
 */
export function makeFifo(path: string, mode: number): void {
  native.mkfifo(path, mode);
}
