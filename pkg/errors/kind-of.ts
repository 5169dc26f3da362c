import type { ErrorKind } from './error-kind.ts';
import { firstFailure } from './first-failure.ts';
import { KindError } from './kind-error.ts';
import { isOutOfRoom } from './out-of-room.ts';

/**
 * The kind of any thrown value: its own if it is a {@link KindError}; for an abort the kind of its cause, or
 * `canceled`; `deadline-exceeded` for a platform time-out; `resource-exhausted` when the disk is full or there are no more
 * descriptors; else `unknown`.
 *
 * What failed first counts, where a disposal failed after it. Aborts are told by their name: Node's own are no DOMException, and the shim's engine has no such class.
 */
export function kindOf(thrown: unknown): ErrorKind {
  const error = firstFailure(thrown);
  if (error instanceof KindError) return error.kind;
  if (!(error instanceof Error)) return 'unknown';
  if (error.name === 'AbortError') return error.cause instanceof KindError ? error.cause.kind : 'canceled';
  if (error.name === 'TimeoutError') return 'deadline-exceeded';
  return isOutOfRoom(error) ? 'resource-exhausted' : 'unknown';
}
