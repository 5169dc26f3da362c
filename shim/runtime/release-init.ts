import { isSystemError } from '../../pkg/sys/system-error.ts';
import { host } from '../host/host.ts';
import { watchFor } from '../host/watch-for.ts';

/** Whoever waits at the FIFO answers at once, if the machine lets it. Milliseconds. */
const patience = 1_000;
const readOnly = 0;
const noFollow = 0o400000;
const typeMask = 0o170000;
const fifoType = 0o010000;
/** As runc makes it; another runtime's FIFO of that name works the other way round. */
const runcsMode = 0o622;

/**
 * Lets a container's first process begin, as `runc start` does, without a program: the process waits until somebody opens the FIFO `exec.fifo`
 * of the container's state directory for reading, writes a byte, runs its hooks, and closes the FIFO by becoming the container's own program;
 * without that file, the container is running to runc.
 *
 * @param state the container's directory in runc's
 * @param waits whether the process is still there: as long as it is, it is waited for, since it may have opened the FIFO, and would die of writing where
 * nobody reads
 * @returns once the program runs, or has failed to; false when that is not how it is, or the process has ended without an answer: nothing has been
 * done then, and the runtime is to be asked.
 */
export async function releaseInit(state: string, waits: () => boolean): Promise<boolean> {
  const path = `${state}/exec.fifo`;
  const fd = openFifo(path);
  if (fd < 0) return false;
  try {
    while (!(await readable(fd, patience))) if (!waits()) return false;
    if (isAtEnd(fd)) return false;
    do await readable(fd);
    while (!isAtEnd(fd));
    host.unlink(path);
    return true;
  } finally {
    host.close(fd);
  }
}

function openFifo(path: string): number {
  try {
    const { mode } = host.status(path);
    if ((mode & typeMask) !== fifoType || (mode & 0o777) !== runcsMode) return -1;
    return host.open(path, readOnly | noFollow, 0);
  } catch (error) {
    if (isSystemError(error)) return -1;
    throw error;
  }
}

/** Reads what there is; whether the writer has closed it. */
function isAtEnd(fd: number): boolean {
  return host.read(fd, 16)?.length === 0;
}

/** Settles when there is something to read, or the end; false when that takes too long. */
function readable(fd: number, limit?: number): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (result: boolean): void => {
      host.endWatch(watch);
      clearTimeout(timer);
      resolve(result);
    };
    const watch = host.watch(fd, watchFor.reading, () => settle(true));
    const timer = limit === undefined ? undefined : setTimeout(() => settle(false), limit);
  });
}
