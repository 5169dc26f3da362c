import {
  Snapshot as SnapshotProto,
  SnapshotKind as SnapshotKindProto,
} from '../../api/gen/gantry/metadata/v1/metadata.ts';
import type { Table } from '../../pkg/database/table.ts';
import type { Labels } from '../../pkg/labels/labels.ts';
import type { SnapshotKind } from '../../snapshotters/snapshotter.ts';
import { storedLabels } from './stored-labels.ts';

/** A commit that has begun: written before the backend commits, gone with the active snapshot when it is over. */
export interface SnapshotCommitIntent {
  readonly name: string;
  readonly backendKey: string;
  readonly labels: Labels;
  /** The parent that a rebase puts it on; empty for none. */
  readonly parent: string;
}

/** What is kept of a snapshot. */
export interface SnapshotRecord {
  /** The key or name that clients know. */
  readonly name: string;
  /** The backend's key, the same for no two namespaces. */
  readonly backendKey: string;
  /** The parent's name as clients know it; empty for none. */
  readonly parent: string;
  readonly kind: SnapshotKind;
  /** Nanoseconds since 1970. */
  readonly createdAt: bigint;
  readonly updatedAt: bigint;
  readonly labels: Labels;
  readonly committing?: SnapshotCommitIntent | undefined;
}

const kinds = {
  view: SnapshotKindProto.SNAPSHOT_KIND_VIEW,
  active: SnapshotKindProto.SNAPSHOT_KIND_ACTIVE,
  committed: SnapshotKindProto.SNAPSHOT_KIND_COMMITTED,
} as const;

/** Snapshots: group is {@link snapshotsGroup}, key the client's key or name. */
export const snapshotsTable: Table<SnapshotRecord> = {
  name: 'snapshots',
  // By the parents, so that children are found without a walk.
  index: ({ parent, committing }) => [parent, committing?.parent ?? ''].filter((name) => name !== ''),
  encode: ({ kind, labels, committing, ...snapshot }) =>
    SnapshotProto.encode({
      ...snapshot,
      kind: kinds[kind],
      labels: new Map(labels),
      committing: committing && { ...committing, labels: new Map(committing.labels) },
    }).finish(),
  decode: (bytes) => {
    const { kind, committing, ...snapshot } = SnapshotProto.decode(bytes);
    return {
      ...snapshot,
      kind: kindOf(kind),
      labels: storedLabels(snapshot.labels),
      ...(committing && { committing }),
    };
  },
};

/** The group of a namespace's snapshots in one snapshotter. Namespaces hold no slash. */
export function snapshotsGroup(namespace: string, snapshotter: string): string {
  return `${namespace}/${snapshotter}`;
}

function kindOf(value: SnapshotKindProto): SnapshotKind {
  for (const kind of ['view', 'active', 'committed'] as const) if (kinds[kind] === value) return kind;
  throw new Error(`unknown kind of snapshot ${value}`);
}
