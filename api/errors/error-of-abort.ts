import { KindError } from '../../pkg/errors/kind-error.ts';

/** What a call fails with when its caller's signal is aborted: the reason itself if it has a kind, else `canceled`. */
export function errorOfAbort(reason: unknown, what: string): KindError {
  if (reason instanceof KindError) return reason;
  if (reason instanceof Error && reason.name === 'TimeoutError') {
    return new KindError('deadline-exceeded', what, { cause: reason });
  }
  return new KindError('canceled', what, { cause: reason });
}
