import type { Timestamp } from '../gen/google/protobuf/timestamp.ts';

/** A protobuf timestamp in nanoseconds since 1970; 0 for none. */
export function fromTimestamp(timestamp: Timestamp | undefined): bigint {
  return timestamp ? timestamp.seconds * 1_000_000_000n + BigInt(timestamp.nanos) : 0n;
}
