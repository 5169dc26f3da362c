import { noLabels } from '../../../pkg/labels/labels.ts';
import type { Lease } from '../../leases/lease-manager.ts';
import { leasesTable } from '../../metadata/leases-table.ts';
import { expiryOf } from '../gc-labels.ts';
import type { RecordKind } from '../record-kind.ts';

/** Leases: they live for ever, or until `gc.expire`; nothing refers to them, and of their labels no other counts. */
export const leaseKind: RecordKind<Lease> = {
  name: 'lease',
  table: leasesTable,
  collectable: true,
  conditional: false,
  isRoot: (lease, { now }) => isLive(lease, now),
  labels: () => noLabels,
  references: () => undefined,
};

/** Whether a lease keeps what it lists. */
export function isLive({ labels }: Lease, now: bigint): boolean {
  const end = expiryOf(labels);
  return end === undefined || end >= now;
}
