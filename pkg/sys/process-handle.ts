import { native } from './native.ts';
import { OwnedDescriptor } from './owned-descriptor.ts';

/** Names one process for good: its number may be given to another, the handle never is. Not for reaping. */
export class ProcessHandle implements Disposable {
  readonly pid: number;
  #fd: number;

  /** @throws SystemError `ESRCH` when there is no such process. */
  constructor(pid: number) {
    this.pid = pid;
    this.#fd = native.pidfdOpen(pid);
  }

  /** The descriptor, for a child to inherit; -1 once disposed. */
  get fd(): number {
    return this.#fd;
  }

  /** @throws SystemError `ESRCH` when it has ended and was reaped. */
  signal(signal: number): void {
    native.pidfdSendSignal(this.#fd, signal);
  }

  /** Resolves when the process has ended; not for a child, which has to be reaped. The handle must not be disposed before. */
  exited(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    // Waiting for somebody else's child fails with ECHILD, but only once it has ended.
    native.watchExit(this.#fd, () => resolve());
    return promise;
  }

  /**
   * How the process ended, whoever's child it was: its exit code, or 128 and the signal. Undefined while it runs; kernels before Linux 6.15
   * tell only as long as nobody has reaped it. Needs root for another user's.
   */
  get exitStatus(): number | undefined {
    const status = native.pidfdStatus(this.#fd, this.pid);
    if (status < 0) return undefined;
    const signal = status & 0x7f;
    return signal === 0 ? (status >> 8) & 0xff : 128 + signal;
  }

  /**
   * A copy of one of the process's descriptors, the caller's to dispose. Needs root for another user's process.
   * @throws SystemError `EBADF` when it has no such descriptor, `ESRCH` when it has ended.
   */
  copyDescriptor(fd: number): OwnedDescriptor {
    return new OwnedDescriptor(native.pidfdGetfd(this.#fd, fd));
  }

  [Symbol.dispose](): void {
    if (this.#fd >= 0) native.close(this.#fd);
    this.#fd = -1;
  }
}
