import { isSystemError } from '../../pkg/sys/system-error.ts';
import { host } from '../host/host.ts';
import type { HostHandle } from '../host/host-calls.ts';
import type { CgroupPaths } from './cgroup-paths.ts';
import { locateCgroup } from './locate-cgroup.ts';
import type { OomCounter } from './oom-counter.ts';
import { OomCounterV1 } from './oom-counter-v1.ts';
import { OomCounterV2 } from './oom-counter-v2.ts';
import type { OomWatch } from './oom-watch.ts';

/** How long to look for kills after the kernel told of a shortage: after 1, 2, 4, … milliseconds, about a second in all. */
const lastDelay = 512;

/**
 * Calls back once for each kill in a container's cgroup for want of memory. Where that cannot be watched (no memory controller, a cgroup that
 * is the shim's own too, one that is gone), nothing is ever told.
 * @param counted kills that need not be told of, by default those that there are: what a predecessor's watch had.
 */
export function watchOom(paths: CgroupPaths, onKill: () => void, counted?: bigint): OomWatch {
  const counter = openCounter(paths);
  return counter === null ? nothingToWatch : new CounterWatch(counter, onKill, counted);
}

const nothingToWatch: OomWatch = { counted: 0n, settle: () => undefined, [Symbol.dispose]: () => undefined };

function openCounter(paths: CgroupPaths): OomCounter | null {
  const directory = memoryDirectory(paths);
  if (directory === undefined || directory === ownMemoryDirectory()) return null;
  try {
    return paths.version === 1 ? new OomCounterV1(directory) : new OomCounterV2(directory);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code !== 'ENOENT' && error.code !== 'ENODEV')
      host.log(`cannot watch ${directory} for kills: ${error.message}`);
    return null;
  }
}

function memoryDirectory(paths: CgroupPaths): string | undefined {
  return paths.version === 1 ? paths.directories['memory'] : paths.directory;
}

/** A container without a cgroup of its own is in ours: what happens there is none of its doing. */
function ownMemoryDirectory(): string | undefined {
  try {
    return memoryDirectory(locateCgroup(host.pid()));
  } catch {
    return undefined;
  }
}

class CounterWatch implements OomWatch {
  readonly #counter: OomCounter;
  readonly #onKill: () => void;
  readonly #watch: HostHandle;
  #counted: bigint;
  #timer: HostHandle | undefined;
  #ended = false;

  constructor(counter: OomCounter, onKill: () => void, counted: bigint | undefined) {
    this.#counter = counter;
    this.#onKill = onKill;
    this.#counted = counted ?? counter.count() ?? 0n;
    this.#watch = host.watch(counter.fd, counter.interest, () => this.#wake());
  }

  get counted(): bigint {
    return this.#counted;
  }

  settle(): void {
    if (this.#ended) return;
    const count = this.#counter.count();
    if (count === null) {
      // Removed with the container: no count any more, and none who could be killed.
      this[Symbol.dispose]();
      return;
    }
    while (this.#counted < count) {
      this.#counted++;
      this.#onKill();
    }
  }

  [Symbol.dispose](): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stopTimer();
    host.endWatch(this.#watch);
    this.#counter[Symbol.dispose]();
  }

  #wake(): void {
    this.settle();
    if (this.#counter.early) this.#lookAgain(1);
  }

  /**
   * There is no telling when the kills have been counted, nor how many there are to one shortage, so they are looked for a while. The end of
   * a process that the shim waits for settles the matter anyway.
   */
  #lookAgain(delay: number): void {
    this.#stopTimer();
    if (this.#ended || delay > lastDelay) return;
    this.#timer = host.setTimer(delay, () => {
      this.#timer = undefined;
      this.settle();
      this.#lookAgain(delay * 2);
    });
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) host.clearTimer(this.#timer);
    this.#timer = undefined;
  }
}
