import { readFileSync } from 'node:fs';
import { ProcessHandle } from '../../pkg/sys/process-handle.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';

/** Fields of proc(5)'s stat between the name and the time of start. */
const fieldsToStart = 20;

/**
 * A handle of a process, the caller's to dispose; undefined when it is gone: nobody has its number any more, or somebody who began
 * at another time.
 *
 * @param start in the kernel's ticks since it booted; undefined if the number is known to be the process's own
 */
export function openProcess(pid: number, start?: number): ProcessHandle | undefined {
  let handle: ProcessHandle | undefined;
  try {
    handle = new ProcessHandle(pid);
    // After the handle is there: it is of the very process that had the number then.
    if (start === undefined || startOf(pid) === start) return handle;
  } catch (error) {
    if (!isSystemError(error, 'ESRCH', 'ENOENT')) throw error;
  }
  handle?.[Symbol.dispose]();
  return undefined;
}

function startOf(pid: number): number {
  const text = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  // The name, in parentheses, may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return Number(fields[fieldsToStart - 1]);
}
