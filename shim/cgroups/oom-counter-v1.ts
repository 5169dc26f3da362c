import { host } from '../host/host.ts';
import { watchFor } from '../host/watch-for.ts';
import { machineFiles } from './machine-files.ts';
import { parseKeyed } from './kernel-numbers.ts';
import type { OomCounter } from './oom-counter.ts';

const openReadOnly = 0;
const openWriteOnly = 1;

/**
 * The memory controller of version 1: an eventfd that is registered for `memory.oom_control`. It is told when the cgroup, or one above, runs
 * out of memory, before anything is killed, and when the cgroup is removed; `oom_kill` in that file counts this cgroup's processes only.
 * @throws SystemError when the cgroup is gone, or the controller does not do it.
 */
export class OomCounterV1 implements OomCounter {
  readonly early = true;
  readonly fd: number;
  readonly interest = watchFor.reading;
  readonly #file: string;

  constructor(directory: string) {
    this.#file = `${directory}/memory.oom_control`;
    this.fd = host.eventFd();
    try {
      register(this.fd, this.#file, `${directory}/cgroup.event_control`);
    } catch (error) {
      host.close(this.fd);
      throw error;
    }
  }

  count(): bigint | null {
    host.read(this.fd, 8);
    const text = machineFiles.read(this.#file);
    return text === null ? null : (parseKeyed(text).get('oom_kill') ?? 0n);
  }

  [Symbol.dispose](): void {
    host.close(this.fd);
  }
}

/** The registration ends with the eventfd; the files need not stay open. */
function register(counter: number, file: string, control: string): void {
  const watched = host.open(file, openReadOnly, 0);
  try {
    const registry = host.open(control, openWriteOnly, 0);
    try {
      host.write(registry, host.encodeUtf8(`${counter} ${watched}`));
    } finally {
      host.close(registry);
    }
  } finally {
    host.close(watched);
  }
}
