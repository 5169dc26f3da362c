import { Lease as LeaseProto } from '../../api/gen/gantry/metadata/v1/metadata.ts';
import type { Table } from '../../pkg/database/table.ts';
import type { Lease } from '../leases/lease-manager.ts';
import { storedLabels } from './stored-labels.ts';

/** Leases: group is the namespace, key the id. */
export const leasesTable: Table<Lease> = {
  name: 'leases',
  encode: (lease) => LeaseProto.encode({ ...lease, labels: new Map(lease.labels) }).finish(),
  decode: (bytes) => {
    const lease = LeaseProto.decode(bytes);
    return { ...lease, labels: storedLabels(lease.labels) };
  },
};
