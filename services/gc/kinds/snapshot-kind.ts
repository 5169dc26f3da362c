import { SnapshotRemove } from '../../../api/gen/containerd/events/events.ts';
import { packAny } from '../../../api/any/pack-any.ts';
import { snapshotsTable, type SnapshotRecord } from '../../metadata/snapshots-table.ts';
import { expiryOf, hasRootLabel } from '../gc-labels.ts';
import { namespaceOf, type RecordKind } from '../record-kind.ts';

/** Snapshots: they live by references, or by `gc.root`, or until `gc.expire`; whoever lives keeps its parents. */
export const snapshotKind: RecordKind<SnapshotRecord> = {
  name: 'snapshot',
  table: snapshotsTable,
  collectable: true,
  conditional: false,
  // A commit that is on its way ends first.
  isRoot: ({ labels, committing }, { now }) =>
    committing !== undefined || hasRootLabel(labels) || (expiryOf(labels) ?? -1n) >= now,
  labels: ({ labels }) => labels,
  references({ parent, committing }, { group }, visit) {
    if (parent !== '') visit('snapshot', group, parent);
    if (committing && committing.parent !== '') visit('snapshot', group, committing.parent);
  },
  removalEvent(group, key) {
    const namespace = namespaceOf(group);
    const value = { key, snapshotter: group.slice(namespace.length + 1) };
    const event = packAny('containerd.events.SnapshotRemove', SnapshotRemove, value);
    return { namespace, topic: '/snapshot/remove', event };
  },
};
