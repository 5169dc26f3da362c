import { isSystemError } from '../../pkg/sys/system-error.ts';
import type { HostHandle } from './host-calls.ts';
import { host } from './host.ts';
import { watchFor } from './watch-for.ts';

/** How long nobody is let in when there are no descriptors left, in milliseconds. */
const breath = 100;

/**
 * Accepts connections on a listening socket, which it owns; each descriptor is the callee's. When the process or the machine has no
 * descriptors left, those who knock wait.
 */
export class UnixListener implements Disposable {
  readonly #fd: number;
  readonly #connected: (fd: number) => void;
  readonly #watch: HostHandle;
  #timer: HostHandle | undefined;
  #disposed = false;

  constructor(fd: number, connected: (fd: number) => void) {
    this.#fd = fd;
    this.#connected = connected;
    this.#watch = host.watch(fd, watchFor.reading, () => this.#accept());
  }

  /** Accepts no more; the socket's file stays. Connections are left alone. Idempotent. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#timer !== undefined) host.clearTimer(this.#timer);
    host.endWatch(this.#watch);
    host.close(this.#fd);
  }

  #accept(): void {
    for (let fd = this.#next(); fd !== null; fd = this.#next()) this.#connected(fd);
  }

  #next(): number | null {
    if (this.#disposed) return null;
    try {
      return host.accept(this.#fd);
    } catch (error) {
      if (!isSystemError(error, 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM')) throw error;
      host.log(`connections have to wait: ${error.message}`);
      host.changeWatch(this.#watch, 0);
      this.#timer = host.setTimer(breath, () => host.changeWatch(this.#watch, watchFor.reading));
      return null;
    }
  }
}
