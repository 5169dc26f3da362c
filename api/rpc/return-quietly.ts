/**
 * Lets whoever made an iterator clean up, when its reader leaves early. Nobody waits for that: a generator that is busy returns
 * only when its current step is done, and its errors have nowhere to go.
 */
export function returnQuietly(iterator: AsyncIterator<unknown> | undefined): void {
  void (async () => iterator?.return?.())().catch(() => undefined);
}
