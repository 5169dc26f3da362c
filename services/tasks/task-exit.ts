import type { Timestamp } from '../../api/gen/google/protobuf/timestamp.ts';

/** How a process ended. */
export interface TaskExit {
  readonly pid: number;
  readonly exitStatus: number;
  readonly exitedAt: Timestamp | undefined;
}
