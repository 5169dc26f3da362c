/**
 * Work that goes on side by side and fails as one: the first failure aborts {@link signal}, and `settled` waits until
 * everything has come to rest, so that nothing runs on after an error was answered.
 *
 * @example
 * await using group = new TaskGroup(scope.signal);
 * for (const layer of layers) group.run(() => fetch(layer, group.signal));
 * await group.settled();
 */
export class TaskGroup implements AsyncDisposable {
  readonly #controller = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #outer: AbortSignal | undefined;
  readonly #abort = (): void => this.#controller.abort(this.#outer?.reason);
  #failed = false;
  #failure: unknown;

  constructor(outer: AbortSignal | undefined) {
    this.#outer = outer;
    if (outer?.aborted === true) this.#abort();
    else outer?.addEventListener('abort', this.#abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Starts a task. The promise is for those who depend on it and need not be handled. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = task();
    const settled = result.then(
      () => undefined,
      (error: unknown) => {
        if (!this.#failed) {
          this.#failed = true;
          this.#failure = error;
        }
        this.#controller.abort(error);
      },
    );
    this.#running.add(settled);
    void settled.then(() => this.#running.delete(settled));
    return result;
  }

  /**
   * Resolves when all tasks, also those started meanwhile, are done.
   * @throws the first failure, once all have come to rest.
   */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
    if (this.#failed) throw this.#failure;
    this.#outer?.throwIfAborted();
  }

  /** Aborts what still runs and waits for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#outer?.removeEventListener('abort', this.#abort);
    if (this.#running.size === 0) return;
    this.#controller.abort(new DOMException('the transfer has ended', 'AbortError'));
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
