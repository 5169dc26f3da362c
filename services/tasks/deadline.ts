import { KindError } from '../../pkg/errors/kind-error.ts';

/**
 * A signal that is aborted after a while, or with its parent. A while of 0 never ends.
 *
 * @example
 * using deadline = new Deadline(2000, `state of task "${id}"`, scope.signal);
 * await client.call('state', request, deadline.signal);
 */
export class Deadline implements Disposable {
  readonly signal: AbortSignal;
  readonly #timer: NodeJS.Timeout | undefined;

  /** `what` names the work in the reason, a KindError `deadline-exceeded`. */
  constructor(milliseconds: number, what: string, parent?: AbortSignal) {
    const controller = new AbortController();
    const reason = new KindError('deadline-exceeded', `${what} took longer than ${milliseconds / 1000} s`);
    if (milliseconds > 0) this.#timer = setTimeout(() => controller.abort(reason), milliseconds);
    this.signal = parent ? AbortSignal.any([controller.signal, parent]) : controller.signal;
  }

  /** Stops the clock; idempotent. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
