import { ProcessHandle } from '../../pkg/sys/process-handle.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';

/** Waits until a process that is not our child has ended. */
export async function processEnded(pid: number): Promise<void> {
  try {
    using handle = new ProcessHandle(pid);
    await handle.exited();
  } catch (error) {
    if (!isSystemError(error, 'ESRCH')) throw error;
  }
}
