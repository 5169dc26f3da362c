import type { Timestamp } from '../gen/google/protobuf/timestamp.ts';

const nanosPerSecond = 1_000_000_000n;

/** Nanoseconds since 1970 as a protobuf timestamp, whose nanoseconds are never negative. */
export function toTimestamp(time: bigint): Timestamp {
  const nanos = ((time % nanosPerSecond) + nanosPerSecond) % nanosPerSecond;
  return { seconds: (time - nanos) / nanosPerSecond, nanos: Number(nanos) };
}
