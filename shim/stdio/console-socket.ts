import { KindError } from '../../pkg/errors/kind-error.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { host } from '../host/host.ts';
import { watchFor } from '../host/watch-for.ts';
import { OwnedFd } from './owned-fd.ts';
import { settledWithin } from './settled-within.ts';

/** Of a socket's address, with room for the name. Bytes. */
const longestDirectory = 80;
/** From when the runtime says that it has made the process. It sends the master before. Milliseconds. */
const receiveLimit = 10_000;

let sockets = 0;

/** A socket in the bundle, to which the runtime sends the master of the process's terminal. */
export class ConsoleSocket implements Disposable {
  /** For the runtime. */
  readonly path: string;
  readonly #closers: Disposable[] = [];
  readonly #received = Promise.withResolvers<void>();
  #master: OwnedFd | undefined;

  /** @throws SystemError */
  constructor(bundle: string) {
    this.path = `${this.#shortName(bundle)}/pty-${host.pid()}-${++sockets}.sock`;
    // Nobody may be waiting when it fails.
    this.#received.promise.catch(() => undefined);
    try {
      const listener = this.#own(host.listenUnix(this.path, 0o600));
      this.#closers.push({ [Symbol.dispose]: () => this.#unlink() });
      this.#watch(listener, () => this.#accept(listener));
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** The master, the caller's to close. @throws KindError `deadline-exceeded`, `unknown` */
  async receive(): Promise<OwnedFd> {
    await settledWithin(this.#received.promise, receiveLimit);
    const master = this.#master;
    if (!master) throw new KindError('deadline-exceeded', 'failed to retrieve console master: the runtime sent none');
    this.#master = undefined;
    return master;
  }

  [Symbol.dispose](): void {
    this.#stopListening();
    this.#master?.[Symbol.dispose]();
    this.#master = undefined;
  }

  #stopListening(): void {
    for (let closer = this.#closers.pop(); closer; closer = this.#closers.pop()) closer[Symbol.dispose]();
  }

  /** An address of a socket has 108 bytes, a bundle's path may have more: then a name by way of a descriptor, which other processes can use too. */
  #shortName(bundle: string): string {
    if (host.encodeUtf8(bundle).length <= longestDirectory) return bundle;
    return `/proc/${host.pid()}/fd/${this.#own(host.open(bundle, 0, 0))}`;
  }

  #own(fd: number): number {
    this.#closers.push(new OwnedFd(fd));
    return fd;
  }

  #watch(fd: number, callback: () => void): void {
    const watch = host.watch(fd, watchFor.reading, callback);
    this.#closers.push({ [Symbol.dispose]: () => host.endWatch(watch) });
  }

  #accept(listener: number): void {
    const accepted = host.accept(listener);
    if (accepted === null) return;
    const peer = this.#own(accepted);
    this.#watch(peer, () => this.#take(peer));
  }

  #take(peer: number): void {
    try {
      const master = host.receiveDescriptor(peer);
      if (master === null) return;
      this.#master = new OwnedFd(master);
      this.#received.resolve();
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#received.reject(
        new KindError('unknown', `failed to retrieve console master: ${error.message}`, { cause: error }),
      );
    }
    this.#stopListening();
  }

  #unlink(): void {
    try {
      host.unlink(this.path);
    } catch (error) {
      if (!isSystemError(error, 'ENOENT')) throw error;
    }
  }
}
