import { KindError } from '../errors/kind-error.ts';

/** A tar that is malformed, truncated or over a limit. */
export function tarError(detail: string): KindError {
  return new KindError('invalid-argument', `tar archive: ${detail}`);
}
