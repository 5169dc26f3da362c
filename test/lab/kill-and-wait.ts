import { constants } from 'node:os';
import { ProcessHandle } from '../../pkg/sys/process-handle.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';

/** Kills a process, which need not be our child, and waits until it has ended. One that is gone is no failure. */
export async function killAndWait(pid: number): Promise<void> {
  try {
    using handle = new ProcessHandle(pid);
    handle.signal(constants.signals.SIGKILL);
    await handle.exited();
  } catch (error) {
    if (!isSystemError(error, 'ESRCH')) throw error;
  }
}
