import { isSystemError } from '../../pkg/sys/system-error.ts';
import type { HostHandle } from '../host/host-calls.ts';
import { host } from '../host/host.ts';
import { watchFor } from '../host/watch-for.ts';
import { namesInEvents } from './names-in-events.ts';

const firstDelay = 10;
const lastDelay = 30_000;

/** IN_ATTRIB, IN_MOVED_TO, IN_CREATE: a socket is made, then its mode is set, and by then somebody listens. */
const changes = 0x4 | 0x80 | 0x100;
const mostEventBytes = 4096;

/**
 * Says when to dial a socket again on which nobody answers: when something was done to its name in its directory, and, for where that cannot be
 * watched and for what cannot be seen there, after 10, 20, 40, … milliseconds, never more than half a minute.
 *
 * @example
 * while (!(connection = dial(path))) await redial.wait();
 * redial.reset();
 */
export class Redial implements Disposable {
  readonly #directory: string | undefined;
  readonly #name: string;
  #delay = firstDelay;
  #fd: number | undefined;
  #watch: HostHandle | undefined;
  #timer: HostHandle | undefined;
  #wake: (() => void) | undefined;

  /** @param path of the socket; an abstract name (`@…`) lies in no directory. */
  constructor(path: string) {
    const slash = path.lastIndexOf('/');
    this.#directory = slash < 0 || path.startsWith('@') ? undefined : path.slice(0, slash + 1);
    this.#name = path.slice(slash + 1);
  }

  /** Settles when another attempt may help, and when this is disposed. @param least milliseconds to wait at least, if nothing happens there. */
  async wait(least = 0): Promise<void> {
    // What happened since the attempt that failed is seen by the next one, or by the watch, which is begun before it.
    if (this.#fd === undefined) this.#beginWatch();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    this.#timer = host.setTimer(Math.max(least, this.#delay), resolve);
    this.#delay = Math.min(this.#delay * 2, lastDelay);
    await promise;
    this.#wake = undefined;
    host.clearTimer(this.#timer);
  }

  /** Somebody answers: watches no more, and begins with short delays the next time. */
  reset(): void {
    this.#delay = firstDelay;
    this.#endWatch();
  }

  [Symbol.dispose](): void {
    this.reset();
    this.#wake?.();
  }

  #beginWatch(): void {
    if (this.#directory === undefined) return;
    try {
      this.#fd = host.watchPath(this.#directory, changes);
    } catch (error) {
      // The directory is to be made yet, or there are too many watches: time will tell.
      if (isSystemError(error)) return;
      throw error;
    }
    const fd = this.#fd;
    this.#watch = host.watch(fd, watchFor.reading, () => this.#changed(fd));
  }

  #changed(fd: number): void {
    const names = namesInEvents(host.read(fd, mostEventBytes) ?? new Uint8Array());
    // Without a name it is the directory itself: it may have gone, and another come in its place.
    if (names.includes('')) this.#endWatch();
    else if (!names.includes(this.#name)) return;
    this.#delay = firstDelay;
    this.#wake?.();
  }

  #endWatch(): void {
    if (this.#watch !== undefined) host.endWatch(this.#watch);
    if (this.#fd !== undefined) host.close(this.#fd);
    this.#watch = undefined;
    this.#fd = undefined;
  }
}
