import type { Any } from '../../api/gen/google/protobuf/any.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Stream } from './stream-manager.ts';

interface Outgoing {
  readonly message: Any;
  taken(): void;
  failed(reason: unknown): void;
}

/** A stream over a call that streams both ways: incoming messages are the call's requests, {@link outgoing} its responses. */
export class RpcStream implements Stream {
  readonly #requests: AsyncIterator<Any>;
  readonly #queue: Outgoing[] = [];
  readonly #ended = new AbortController();
  #closed = false;
  #wake: (() => void) | undefined;

  /** `signal` is aborted when the client has gone. */
  constructor(requests: AsyncIterator<Any>, signal: AbortSignal) {
    this.#requests = requests;
    const gone = (): void => this.#end(signal.reason ?? new KindError('canceled', 'stream'));
    if (signal.aborted) gone();
    else signal.addEventListener('abort', gone, { once: true });
  }

  async receive(): Promise<Any | undefined> {
    this.#ended.signal.throwIfAborted();
    const { promise, reject } = Promise.withResolvers<never>();
    const abort = (): void => reject(this.#ended.signal.reason);
    this.#ended.signal.addEventListener('abort', abort, { once: true });
    try {
      const next = await Promise.race([this.#requests.next(), promise]);
      return next.done === true ? undefined : next.value;
    } finally {
      this.#ended.signal.removeEventListener('abort', abort);
    }
  }

  async send(message: Any): Promise<void> {
    this.#ended.signal.throwIfAborted();
    if (this.#closed) throw new KindError('failed-precondition', 'stream is closed');
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#queue.push({ message, taken: resolve, failed: reject });
    this.#wake?.();
    await promise;
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  /** The responses of the call; ends when the stream is closed or the client is gone. */
  async *outgoing(): AsyncGenerator<Any, void, void> {
    try {
      for (;;) {
        const next = this.#queue.shift();
        if (next !== undefined) {
          // Taken as soon as it is handed over, so that the sender's next message is ready when the transport asks.
          next.taken();
          yield next.message;
        } else if (this.#closed || this.#ended.signal.aborted) {
          return;
        } else {
          const { promise, resolve } = Promise.withResolvers<void>();
          this.#wake = resolve;
          await promise;
          this.#wake = undefined;
        }
      }
    } finally {
      this.#end(new KindError('canceled', 'stream is closed'));
    }
  }

  #end(reason: unknown): void {
    this.#ended.abort(reason);
    for (const waiting of this.#queue.splice(0)) waiting.failed(this.#ended.signal.reason);
    this.#wake?.();
  }
}
