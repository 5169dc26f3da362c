import { LoggerOutlet } from './logger-outlet.ts';
import type { Outlet } from './outlet.ts';

/** The logger among what a process's output goes to; 0 when there is none. */
export function loggerPidOf(outlets: readonly Outlet[]): number {
  return outlets.find((outlet) => outlet instanceof LoggerOutlet)?.pid ?? 0;
}
