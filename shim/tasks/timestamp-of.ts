import type { Timestamp } from '../../api/gen/google/protobuf/timestamp.ts';
import { toTimestamp } from '../../api/time/to-timestamp.ts';

/** Of a time that there is not yet: Go's zero time, the first of January of the year 1, as Go's shim sends it. */
const never: Timestamp = { seconds: -62_135_596_800n, nanos: 0 };

/** Nanoseconds since 1970 as the wire has them. */
export function timestampOf(time: bigint | undefined): Timestamp {
  return time === undefined ? never : toTimestamp(time);
}
