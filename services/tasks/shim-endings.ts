import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Bundle } from './bundle.ts';
import { Deadline } from './deadline.ts';
import type { RuntimeParts } from './runtime-parts.ts';
import type { Shim } from './shim.ts';
import { untilAborted } from './until-aborted.ts';

/** How shims are ended that have no task any more, and what is left of them is removed. */
export class ShimEndings {
  readonly #parts: Pick<RuntimeParts, 'shims' | 'timeouts' | 'log'>;
  readonly #isShared: (shim: Shim) => boolean;
  readonly #closing: AbortSignal;

  /**
   * @param isShared whether others live in a shim, which goes on then
   * @param closing ends all waiting
   */
  constructor(
    parts: Pick<RuntimeParts, 'shims' | 'timeouts' | 'log'>,
    isShared: (shim: Shim) => boolean,
    closing: AbortSignal,
  ) {
    this.#parts = parts;
    this.#isShared = isShared;
    this.#closing = closing;
  }

  /** Ends a shim as its own clients do, for a task whose creation failed. False when it did not do all of that: then force is due. */
  async takeBack(shim: Shim): Promise<boolean> {
    if (shim.client.isClosed) return false;
    const { id } = shim.bundle;
    using deadline = new Deadline(this.#parts.timeouts.cleanup, `taking back task "${id}"`);
    try {
      await shim.client.call('delete', { id, execId: '' }, deadline.signal);
    } catch (error) {
      if (!(error instanceof KindError) || error.kind !== 'not-found') return false;
    }
    return await this.#shutdown(shim);
  }

  /** Asks a shim that has no task any more to end, and removes the bundle; a shim that does not answer goes with it. */
  async shutDownAndRemove(shim: Shim): Promise<void> {
    const { shims } = this.#parts;
    if (await this.#shutdown(shim)) await this.removeBundle(shim.bundle);
    else await shims.remove(shim.bundle, this.#isShared(shim) ? {} : { kill: 'shim', address: shim.address });
  }

  /** Asks the shim to end, which it does unless others live in it. False when it does not answer. */
  async #shutdown(shim: Shim): Promise<boolean> {
    if (shim.sandbox !== undefined) return !shim.client.isClosed;
    const { id } = shim.bundle;
    using deadline = new Deadline(this.#parts.timeouts.shutdown, `shutdown of the shim of "${id}"`);
    try {
      await shim.client.call('shutdown', { id, now: false }, deadline.signal);
      return true;
    } catch {
      // Older shims end before they answer.
      return shim.client.isClosed && !(await this.#parts.shims.isServing(shim.address));
    }
  }

  /** Lets go of a shim once it has ended, by itself or by force when that takes too long. @returns whether it has ended. */
  async untilEnded(shim: Shim): Promise<boolean> {
    const { log, shims, timeouts } = this.#parts;
    const { id, namespace } = shim.bundle;
    using deadline = new Deadline(timeouts.cleanup, `end of the shim of "${id}"`, this.#closing);
    try {
      if (this.#isShared(shim)) return false;
      await untilAborted(shim.client.closed, deadline.signal).catch(async (error: unknown) => {
        if (this.#closing.aborted) throw error;
        log.warn('shim has not ended by itself', { id, namespace, error });
        await shims.end(shim);
      });
      await shims.removeSocket(shim.address);
      return true;
    } catch (error) {
      if (!this.#closing.aborted) log.warn('shim has not ended', { id, namespace, error });
      return false;
    } finally {
      shim[Symbol.dispose]();
    }
  }

  /** A failure is logged: the next daemon finds the bundle. Idempotent. */
  async removeBundle(bundle: Bundle): Promise<void> {
    try {
      await bundle.remove();
    } catch (error) {
      this.#parts.log.warn('bundle cannot be removed', { path: bundle.path, error });
    }
  }
}
