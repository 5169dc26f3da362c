import { machineFiles } from '../cgroups/machine-files.ts';

/** Which of proc(5)'s fields behind the name, which is in parentheses and may hold anything, is the time of start. */
const startField = 19;

/** When a process began, in the kernel's ticks since it booted; 0 for one that is gone. */
export function processStart(pid: number): number {
  const text = machineFiles.read(`/proc/${pid}/stat`) ?? '';
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[startField] ?? 0);
}
