/**
 * Waits for all of several works that have begun, also when one fails, so that nothing goes on behind the back of who cleans up then.
 * @throws what the first of them, in their order, failed with.
 */
export async function allOf(works: Iterable<unknown>): Promise<void> {
  const outcomes = await Promise.allSettled(works);
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure) throw failure.reason;
}
