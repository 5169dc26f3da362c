/**
 * Lets a bounded number of tasks run at once; the others wait, first come first served.
 *
 * @example
 * using _permit = await semaphore.acquire(signal);
 */
export class Semaphore {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** `permits` of 0 or less means no limit. */
  constructor(permits: number) {
    this.#free = permits > 0 ? permits : Number.POSITIVE_INFINITY;
  }

  /**
   * Resolves with a permit; disposing it (idempotent) gives it back.
   * @throws the signal's reason when that is aborted first.
   */
  async acquire(signal?: AbortSignal): Promise<Disposable> {
    signal?.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#wait(signal);
    let held = true;
    return {
      [Symbol.dispose]: (): void => {
        if (!held) return;
        held = false;
        const next = this.#waiting.shift();
        if (next === undefined) this.#free++;
        else next();
      },
    };
  }

  async #wait(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = (): void => {
      const at = this.#waiting.indexOf(resolve);
      if (at === -1) return;
      this.#waiting.splice(at, 1);
      reject(signal?.reason);
    };
    this.#waiting.push(resolve);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await promise;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }
}
