/**
 * What failed first, where the disposal of something failed after it and hides it. Told by the name, since not every engine has
 * `SuppressedError`.
 */
export function firstFailure(error: unknown): unknown {
  let first = error;
  while (first instanceof Error && first.name === 'SuppressedError' && 'suppressed' in first) first = first.suppressed;
  return first;
}
