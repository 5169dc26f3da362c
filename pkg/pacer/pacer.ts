import { setImmediate } from 'node:timers/promises';

/** Milliseconds that a loop runs on without letting others in. */
const turn = 1;

/**
 * Lets others in during a long loop over what is in memory.
 *
 * @example
 * const pacer = new Pacer();
 * for (const item of items) {
 *   if (pacer.due()) await pacer.pause();
 *   look(item);
 * }
 */
export class Pacer {
  #since = performance.now();

  /** Whether the loop has run long enough. */
  due(): boolean {
    return performance.now() - this.#since > turn;
  }

  /** Resolves after everybody else's turn. */
  async pause(): Promise<void> {
    await setImmediate();
    this.#since = performance.now();
  }
}
