let last = 0n;

/**
 * The time of day in nanoseconds since 1970. Each call gives a later time than the one before, so that times
 * of records order them, unless the clock was set back by more than was counted up.
 */
export function nowNanoseconds(): bigint {
  const now = BigInt(Date.now()) * 1_000_000n;
  // Within one millisecond the calls are counted; a clock that was set back is followed.
  last = now > last || last - now > 1_000_000_000n ? now : last + 1n;
  return last;
}
