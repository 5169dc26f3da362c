import { readdirSync, readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { isSystemError } from '../../pkg/sys/system-error.ts';

/**
 * Stops a process, and waits until it is: SIGSTOP only asks for it, and each thread goes on until it is its turn to notice, which may take a while where
 * there are more threads than processors. SIGCONT lets it go on.
 */
export async function stopProcess(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  const tasks = `/proc/${pid}/task`;
  while (!readdirSync(tasks).every((thread) => isStopped(`${tasks}/${thread}/stat`))) await setImmediate();
}

/** The state of a thread follows its name, which is in parentheses (proc_pid_stat(5)). A thread that has ended since is none that has stopped. */
function isStopped(stat: string): boolean {
  try {
    return / T /.test(readFileSync(stat, 'utf8').replace(/^.*\)/s, ''));
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ESRCH')) return false;
    throw error;
  }
}
