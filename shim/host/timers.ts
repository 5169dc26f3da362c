import type { HostHandle } from './host-calls.ts';
import { host } from './host.ts';

/** As everywhere: calls back once, from the loop; what the callback throws is told, and no more. */
export function setTimeout(callback: () => void, milliseconds = 0): HostHandle {
  return host.setTimer(milliseconds, callback);
}

/** Unknown timers, and those that have been, are ignored. */
export function clearTimeout(timer: HostHandle | undefined): void {
  if (timer !== undefined) host.clearTimer(timer);
}
