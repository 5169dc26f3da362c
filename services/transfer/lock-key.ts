import type { KeyedMutex } from '../../pkg/keyed-mutex/keyed-mutex.ts';

/** Waits for a key no longer than until the signal is aborted. */
export async function lockKey(mutex: KeyedMutex, key: string, signal: AbortSignal | undefined): Promise<Disposable> {
  signal?.throwIfAborted();
  const locking = mutex.lock(key);
  if (signal === undefined) return await locking;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([locking, aborted]);
  } catch (error) {
    // The lock comes all the same; nobody wants it any more.
    void locking.then((lock) => lock[Symbol.dispose]());
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
