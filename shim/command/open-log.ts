import { isSystemError } from '../../pkg/sys/system-error.ts';
import { host } from '../host/host.ts';

const readWrite = 2;
const noFollow = 0o400000;
const typeMask = 0o170000;
const fifoType = 0o010000;

/**
 * Opens the FIFO `log` of the bundle, which is where we work. For both directions, so that it neither waits for a daemon nor breaks when
 * one goes.
 * @returns -1 when there is none.
 */
export function openLog(): number {
  try {
    if ((host.status('log').mode & typeMask) !== fifoType) return -1;
    return host.open('log', readWrite | noFollow, 0);
  } catch (error) {
    if (isSystemError(error)) return -1;
    throw error;
  }
}
