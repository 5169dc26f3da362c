import { AbortSignal } from './abort-signal.ts';

/** As in the DOM. */
export class AbortController {
  readonly signal = new AbortSignal();

  /** Tells whoever listens, at once; the first reason stays. */
  abort(reason: unknown = new Error('This operation was aborted')): void {
    this.signal.abort(reason);
  }
}
