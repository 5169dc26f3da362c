import { isSystemError } from '../../pkg/sys/system-error.ts';
import { host } from '../host/host.ts';
import { watchFor } from '../host/watch-for.ts';
import { machineFiles } from './machine-files.ts';
import { parseKeyed } from './kernel-numbers.ts';
import type { OomCounter } from './oom-counter.ts';

const openReadOnly = 0;
/** The file is far shorter. */
const mostBytes = 4096;

/**
 * The memory controller of version 2: `memory.events`, which counts for the cgroup and those below it. Kept open, the file is ready (POLLPRI)
 * after each change until it is read again. inotify tells the same, but a user has few instances of it, and there is a shim to each container.
 * @throws SystemError when the cgroup is gone, or has no memory controller.
 */
export class OomCounterV2 implements OomCounter {
  readonly early = false;
  readonly fd: number;
  readonly interest = watchFor.urgent;
  readonly #group: string;

  constructor(directory: string) {
    this.#group = `${directory}/memory.oom.group`;
    this.fd = host.open(`${directory}/memory.events`, openReadOnly, 0);
  }

  count(): bigint | null {
    const text = this.#read();
    if (text === null) return null;
    const values = parseKeyed(text);
    const killed = values.get('oom_kill') ?? 0n;
    const groups = values.get('oom_group_kill');
    if (groups === undefined || killed === 0n) return killed;
    // Each process of a group that is killed counts, too: those are one kill.
    return machineFiles.read(this.#group)?.trim() === '1' ? groups : killed;
  }

  [Symbol.dispose](): void {
    host.close(this.fd);
  }

  #read(): string | null {
    try {
      return host.decodeUtf8(host.readAt(this.fd, 0, mostBytes));
    } catch (error) {
      if (isSystemError(error, 'ENODEV')) return null;
      throw error;
    }
  }
}
