/**
 * The wall clock with more digits than `Date.now` has, never running backwards within a millisecond: lines of a log keep
 * their order. RFC 3339, UTC, nine digits, as containerd's log has them.
 */
export class WallClock {
  #millisecond = 0;
  #since = 0n;

  now(): string {
    const millisecond = Date.now();
    const monotonic = process.hrtime.bigint();
    if (millisecond !== this.#millisecond) {
      this.#millisecond = millisecond;
      this.#since = monotonic;
    }
    const elapsed = Number(monotonic - this.#since);
    const nanoseconds = String(Math.min(elapsed, 999_999)).padStart(6, '0');
    return `${new Date(millisecond).toISOString().slice(0, -1)}${nanoseconds}Z`;
  }
}
