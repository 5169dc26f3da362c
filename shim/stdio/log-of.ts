import type { ContainerLog } from './container-log.ts';
import { LogOutlet } from './log-outlet.ts';
import type { Outlet } from './outlet.ts';

/** The CRI log among what a process's output goes to; the first, if stdout and stderr have one each: `reopen` does both. */
export function logOf(outlets: readonly Outlet[]): ContainerLog | undefined {
  const logs = [...new Set(outlets)].filter((outlet) => outlet instanceof LogOutlet);
  const [first, second] = logs;
  if (!first || !second) return first;
  return {
    reopen: (): void => {
      first.reopen();
      second.reopen();
    },
    attach: (stream, fd, left): void => (stream === 'stderr' ? second : first).attach(stream, fd, left),
    state: () => first.state(),
  };
}
