import { KindError } from '../../../pkg/errors/kind-error.ts';

interface Holder {
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly released: Promise<void>;
}

/**
 * How long a second writer waits for the first to let go: a client that closes one stream and opens the next at once
 * may be heard before the first stream's end is.
 */
const patience = 500;

/** One writer at a time for a ref. */
export class RefLocks {
  readonly #holders = new Map<string, Holder>();

  /**
   * Takes a ref; disposing (idempotent) gives it back.
   * @throws KindError `unavailable` when another writer keeps it; clients look for "locked for" and try again.
   */
  async lock(ref: string, signal?: AbortSignal): Promise<Disposable> {
    const deadline = AbortSignal.timeout(patience);
    for (;;) {
      signal?.throwIfAborted();
      const holder = this.#holders.get(ref);
      if (!holder) return this.#hold(ref);
      if (deadline.aborted) throw lockedError(ref, holder.since);
      await settledOrAborted(holder.released, signal ? AbortSignal.any([signal, deadline]) : deadline);
    }
  }

  #hold(ref: string): Disposable {
    const { promise: released, resolve } = Promise.withResolvers<void>();
    const holder = { since: Date.now(), released };
    this.#holders.set(ref, holder);
    return {
      [Symbol.dispose]: (): void => {
        if (this.#holders.get(ref) === holder) this.#holders.delete(ref);
        resolve();
      },
    };
  }
}

function lockedError(ref: string, since: number): KindError {
  const seconds = ((Date.now() - since) / 1000).toFixed(3);
  return new KindError('unavailable', `ref ${ref} locked for ${seconds}s (since ${new Date(since).toISOString()})`);
}

/** Resolves at the earlier of the two and leaves no listener behind. */
async function settledOrAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const onAbort = (): void => resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
