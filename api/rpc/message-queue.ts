/** What a queue tells whoever fills it. */
export interface MessageQueueOptions {
  /** Sizes in the queue above which it is full; default 1 MiB. */
  readonly limit?: number;
  /** The queue went over its limit: stop reading from the peer. */
  onFull?(): void;
  /** A full queue has been read down: read on. */
  onRoom?(): void;
  /** The reader stopped before the end. */
  onReturn?(): void;
}

/**
 * Messages between a peer, who pushes, and one reader, who iterates.
 *
 * Pushing never blocks; `onFull` and `onRoom` carry the back-pressure. Iteration ends after `end`, throws after
 * `fail` once what was pushed before is read, and throws at once after `abort`.
 *
 * @example
 * const requests = new MessageQueue<WriteContentRequest>();
 * const responses = client.write(requests);
 * requests.push(first);
 * requests.end();
 */
export class MessageQueue<T> implements AsyncIterableIterator<T, undefined> {
  readonly #options: MessageQueueOptions;
  readonly #limit: number;
  readonly #items: { readonly value: T; readonly size: number }[] = [];
  readonly #waiting: PromiseWithResolvers<IteratorResult<T, undefined>>[] = [];
  #size = 0;
  #full = false;
  #outcome: { readonly error?: unknown } | undefined;

  constructor(options: MessageQueueOptions = {}) {
    this.#options = options;
    this.#limit = options.limit ?? 1 << 20;
  }

  /** Adds a message; what comes after the end is dropped. @param size in the unit of the limit. */
  push(value: T, size = 1): void {
    if (this.#outcome !== undefined) return;
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      waiting.resolve({ done: false, value });
      return;
    }
    this.#items.push({ value, size });
    this.#size += size;
    if (!this.#full && this.#size > this.#limit) {
      this.#full = true;
      this.#options.onFull?.();
    }
  }

  /** No more messages; what is queued is still read. Idempotent. */
  end(): void {
    this.#settle({});
  }

  /** As {@link end}, but the reader gets an error after the last message. */
  fail(error: unknown): void {
    this.#settle({ error });
  }

  /** Drops what is queued; the reader gets the error now. */
  abort(error: unknown): void {
    this.#items.length = 0;
    this.#size = 0;
    if (this.#outcome !== undefined && !('error' in this.#outcome)) this.#outcome = { error };
    this.#settle({ error });
    this.#makeRoom();
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const item = this.#items.shift();
    if (item !== undefined) {
      this.#size -= item.size;
      this.#makeRoom();
      return Promise.resolve({ done: false, value: item.value });
    }
    if (this.#outcome === undefined) {
      const waiting = Promise.withResolvers<IteratorResult<T, undefined>>();
      this.#waiting.push(waiting);
      return waiting.promise;
    }
    const outcome = this.#outcome;
    this.#outcome = {};
    if ('error' in outcome) return Promise.reject(outcome.error);
    return Promise.resolve({ done: true, value: undefined });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    const early = this.#outcome === undefined || this.#items.length > 0;
    this.#items.length = 0;
    this.#size = 0;
    this.#outcome ??= {};
    for (const waiting of this.#waiting.splice(0)) waiting.resolve({ done: true, value: undefined });
    if (early) this.#options.onReturn?.();
    this.#makeRoom();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #settle(outcome: { readonly error?: unknown }): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    const first = this.#waiting.shift();
    if (first === undefined) return;
    this.#outcome = {};
    if ('error' in outcome) first.reject(outcome.error);
    else first.resolve({ done: true, value: undefined });
    for (const waiting of this.#waiting.splice(0)) waiting.resolve({ done: true, value: undefined });
  }

  #makeRoom(): void {
    if (!this.#full || this.#size > this.#limit / 2) return;
    this.#full = false;
    this.#options.onRoom?.();
  }
}
