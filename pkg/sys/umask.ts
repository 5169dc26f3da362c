import { native } from './native.ts';

/** Sets the process's umask and returns the one before; works in a worker thread too, where `process.umask` refuses. */
export function setUmask(mask: number): number {
  return native.umask(mask);
}

/** The umask that the process was started with, which is what children get. */
export function startUmask(): number {
  return native.startUmask();
}
