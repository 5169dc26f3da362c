import type { ByteStream, ByteStreamListener } from '../../api/ttrpc/byte-stream.ts';

/** How long a shim without containers stays where nobody is connected to it. Milliseconds. */
const patience = 60_000;

/**
 * Tells when a shim has been forgotten: it has no containers, and for a minute nobody has been connected. That is what becomes of a shim whose
 * daemon was killed before it created anything; a shim with containers is never forgotten.
 */
export class Abandonment implements Disposable {
  readonly #isUnused: () => boolean;
  readonly #onAbandoned: () => void;
  #connections = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(isUnused: () => boolean, onAbandoned: () => void) {
    this.#isUnused = isUnused;
    this.#onAbandoned = onAbandoned;
    this.#wait();
  }

  /** Counts a connection until it is closed. */
  counted(stream: ByteStream): ByteStream {
    this.#connections++;
    clearTimeout(this.#timer);
    const left = (): void => {
      if (--this.#connections === 0) this.#wait();
    };
    return {
      start: (listener) => stream.start(closing(listener, left)),
      write: (bytes) => stream.write(bytes),
      pause: () => stream.pause(),
      resume: () => stream.resume(),
      close: () => stream.close(),
    };
  }

  /** Waits no more; idempotent. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  /** Containers come and go by a connection: where there are some now, that is when to look again. */
  #wait(): void {
    if (!this.#isUnused()) return;
    this.#timer = setTimeout(() => {
      if (this.#connections === 0 && this.#isUnused()) this.#onAbandoned();
    }, patience);
  }
}

function closing(listener: ByteStreamListener, left: () => void): ByteStreamListener {
  return {
    data: (chunk) => listener.data(chunk),
    drained: () => listener.drained(),
    closed: (error) => {
      left();
      listener.closed(error);
    },
  };
}
