import { closeSync, constants, open, openSync } from 'node:fs';
import { Socket } from 'node:net';

function socketOn(fd: number, readable: boolean): Socket {
  try {
    const socket = new Socket({ fd, readable, writable: !readable });
    socket.on('error', () => undefined);
    return socket;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** The reading end of a FIFO: what comes, and when the last writer has left. Opening waits for nobody. */
export class FifoReader implements Disposable {
  /** Settles with everything when the last writer has left, or this end was closed. */
  readonly all: Promise<Buffer>;
  readonly #socket: Socket;
  readonly #chunks: Buffer[] = [];
  readonly #onData = new Set<() => void>();
  #ended = false;

  /** @param path an existing FIFO */
  constructor(path: string) {
    this.#socket = socketOn(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), true);
    this.#socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#tell();
    });
    this.all = new Promise((resolve) => {
      this.#socket.once('close', () => {
        this.#ended = true;
        this.#tell();
        resolve(Buffer.concat(this.#chunks));
      });
    });
  }

  /** What has come so far. */
  get text(): string {
    return Buffer.concat(this.#chunks).toString();
  }

  /** Waits until what came matches. @throws Error with it when the last writer left before. */
  async match(pattern: RegExp): Promise<RegExpMatchArray> {
    for (;;) {
      const match = this.text.match(pattern);
      if (match) return match;
      if (this.#ended) throw new Error(`the writer left without ${String(pattern)} in:\n${this.text}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onData.add(resolve);
      await promise;
      this.#onData.delete(resolve);
    }
  }

  /** Reads no more until {@link resume}; what the pipe holds stays there. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #tell(): void {
    for (const tell of this.#onData) tell();
  }
}

/** The writing end of a FIFO. */
export class FifoWriter implements Disposable {
  readonly #socket: Socket;

  /** Waits until somebody reads it. */
  static async open(path: string): Promise<FifoWriter> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    open(path, constants.O_WRONLY, (error, fd) => (error ? reject(error) : resolve(fd)));
    return new FifoWriter(await promise);
  }

  /** @param to a FIFO that somebody reads, or the descriptor of one. @throws SystemError `ENXIO` when nobody reads it. */
  constructor(to: string | number) {
    const fd = typeof to === 'number' ? to : openSync(to, constants.O_WRONLY | constants.O_NONBLOCK);
    this.#socket = socketOn(fd, false);
  }

  /** Settles when the kernel has taken it. */
  async write(data: string | Uint8Array): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#socket.write(data, (error) => (error ? reject(error) : resolve()));
    await promise;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
