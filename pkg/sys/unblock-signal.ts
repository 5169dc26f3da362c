import { native } from './native.ts';

/**
 * Lets a signal through to the calling thread. Node's `--disable-sigusr1` blocks SIGUSR1 for good, so that a handler of our own would never
 * run; call this when the handler is there.
 */
export function unblockSignal(signal: number): void {
  native.unblockSignal(signal);
}
