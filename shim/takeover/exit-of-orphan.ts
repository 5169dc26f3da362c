import { isSystemError } from '../../pkg/sys/system-error.ts';
import { host } from '../host/host.ts';
import { watchFor } from '../host/watch-for.ts';
import { OwnedFd } from '../stdio/owned-fd.ts';
import type { ChildExit } from '../tasks/reaper.ts';
import { processStart } from './process-start.ts';
import type { KnownProcess } from './successor-file.ts';

/** What a shell says of a process that it knows nothing of. */
const unknownStatus = 255;

/**
 * A pidfd of a process that may be anybody's child: the one that was given, or a new one. Undefined when it is gone and nobody has held it.
 */
export function holdOrphan({ pid, start }: KnownProcess, given: number | undefined): OwnedFd | undefined {
  if (given !== undefined) return new OwnedFd(given);
  let held: OwnedFd | undefined;
  try {
    held = new OwnedFd(host.openProcess(pid));
  } catch (error) {
    if (isSystemError(error, 'ESRCH')) return undefined;
    throw error;
  }
  if (processStart(pid) === start) return held;
  held[Symbol.dispose]();
  return undefined;
}

/** Settles when the process has ended, as far as can be told: 255 when nobody knows. @param pidfd closed then */
export function exitOfOrphan(pid: number, pidfd: OwnedFd): Promise<ChildExit> {
  return new Promise((resolve) => {
    const watch = host.watch(pidfd.number, watchFor.reading, () => {
      const at = host.now();
      host.endWatch(watch);
      const status = host.processStatus(pidfd.number, pid);
      pidfd[Symbol.dispose]();
      resolve({ status: status < 0 ? unknownStatus : statusOf(status), at });
    });
  });
}

/** As Go's shim tells it: the exit code, or 128 and the signal. */
function statusOf(wait: number): number {
  const signal = wait & 0x7f;
  return signal === 0 ? (wait >> 8) & 0xff : 128 + signal;
}
