import { noLabels } from '../../../pkg/labels/labels.ts';
import type { LeaseResource } from '../../leases/lease-manager.ts';
import { leaseResourcesTable } from '../../metadata/lease-resources-table.ts';
import { leasesTable } from '../../metadata/leases-table.ts';
import { hasFlatLabel } from '../gc-labels.ts';
import { namespaceOf, type RecordKind, type RecordPlace } from '../record-kind.ts';
import { isLive } from './lease-kind.ts';

/**
 * Entries of leases: each keeps what it names as long as its lease lives. They refer to their lease, too, so that of a lease that
 * has ended the entries go before the lease: a new one of the same id inherits nothing.
 */
export const leaseResourceKind: RecordKind<LeaseResource> = {
  name: 'lease-resource',
  table: leaseResourcesTable,
  collectable: true,
  conditional: false,
  isRoot(_resource, place) {
    const lease = leaseOf(place);
    return lease !== undefined && isLive(lease, place.now);
  },
  labels: () => noLabels,
  references({ type, id }, place, visit) {
    const namespace = namespaceOf(place.group);
    visit('lease', namespace, leaseId(place.group));
    const lease = leaseOf(place);
    const flat = lease !== undefined && hasFlatLabel(lease.labels);
    if (type === 'content') visit('content', namespace, id, flat);
    else if (type === 'images') visit('image', namespace, id, flat);
    else if (type === 'ingests') visit('ingest', namespace, id);
    else if (type.startsWith('snapshots/')) visit('snapshot', `${namespace}/${type.slice(10)}`, id, flat);
  },
};

function leaseOf({ group, read }: RecordPlace) {
  return read.get(leasesTable, namespaceOf(group), leaseId(group));
}

function leaseId(group: string): string {
  return group.slice(namespaceOf(group).length + 1);
}
