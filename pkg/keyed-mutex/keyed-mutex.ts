/**
 * Mutual exclusion by key: who locks a key waits, first come first served, until it is free.
 *
 * @example
 * using _lock = await mutex.lock(digest);
 */
export class KeyedMutex {
  /** Per key the release of the newest holder or waiter; a key nobody wants has no entry. */
  readonly #tails = new Map<string, Promise<void>>();

  /** Resolves once the key is ours; disposing (idempotent) frees it. Not re-entrant. */
  async lock(key: string): Promise<Disposable> {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const before = this.#tails.get(key);
    this.#tails.set(key, released);
    await before;
    return {
      [Symbol.dispose]: (): void => {
        if (this.#tails.get(key) === released) this.#tails.delete(key);
        release();
      },
    };
  }

  /** Takes the key if nobody holds it, without waiting. */
  tryLock(key: string): Disposable | undefined {
    if (this.#tails.has(key)) return undefined;
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    this.#tails.set(key, released);
    return {
      [Symbol.dispose]: (): void => {
        if (this.#tails.get(key) === released) this.#tails.delete(key);
        release();
      },
    };
  }

  /** Runs `work` while holding the key. */
  async run<T>(key: string, work: () => Promise<T> | T): Promise<T> {
    using _lock = await this.lock(key);
    return await work();
  }

  /** Whether somebody holds or awaits the key. */
  held(key: string): boolean {
    return this.#tails.has(key);
  }
}
