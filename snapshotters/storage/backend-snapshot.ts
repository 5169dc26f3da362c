import type { SnapshotKind, SnapshotUsage } from '../snapshotter.ts';

/** What a snapshotter keeps of a snapshot. */
export interface BackendSnapshot {
  /** Names its directory; never given twice. */
  readonly id: number;
  readonly kind: SnapshotKind;
  /** The committed parent's name; empty for none. */
  readonly parent: string;
  readonly labels: ReadonlyMap<string, string>;
  /** Nanoseconds since 1970. */
  readonly createdAt: bigint;
  readonly updatedAt: bigint;
  /** Of a committed one; what an active one occupies is measured when asked for. */
  readonly usage: SnapshotUsage;
}
