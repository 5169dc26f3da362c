import { readFileSync } from 'node:fs';

/** What a process takes of the machine. */
export interface ProcessFigures {
  /** MiB that are in memory (`Rss`), and of those the ones that it alone has written (`Private_Dirty`). */
  readonly resident: number;
  readonly privateDirty: number;
  /** Seconds of processor time since it was started, those of its waited-for children apart. */
  readonly cpu: number;
}

// What the kernel's USER_HZ is on every architecture we run on.
const ticksASecond = 100;

/** Reads `/proc/PID`. @throws Error when there is no such process. */
export function processFigures(pid: number): ProcessFigures {
  const rollup = readFileSync(`/proc/${String(pid)}/smaps_rollup`, 'utf8');
  const mebibytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? Number.NaN) / 1024;
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  // The command's name may hold spaces; the fields after it are counted from its closing parenthesis.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const cpu = (Number(fields[11]) + Number(fields[12])) / ticksASecond;
  return { resident: mebibytes('Rss'), privateDirty: mebibytes('Private_Dirty'), cpu };
}
