import type { Semaphore } from '../../../pkg/semaphore/semaphore.ts';

/** A layer's place among those that are unpacked at once, which it gives back while it has nothing to do. Disposing ends its claim. */
export class UnpackTurn implements Disposable {
  readonly #limit: Semaphore;
  #permit: Disposable | undefined;
  #ended = false;

  constructor(limit: Semaphore) {
    this.#limit = limit;
  }

  /** Waits for a place. @throws the signal's reason when that is aborted first. */
  async take(signal: AbortSignal): Promise<void> {
    const permit = await this.#limit.acquire(signal);
    if (this.#ended || this.#permit !== undefined) permit[Symbol.dispose]();
    else this.#permit = permit;
  }

  /** Idempotent. */
  leave(): void {
    this.#permit?.[Symbol.dispose]();
    this.#permit = undefined;
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    this.leave();
  }
}
