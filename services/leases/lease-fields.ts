import type { FieldAdaptor } from '../../pkg/filters/filter.ts';
import { labelField } from '../../pkg/filters/label-field.ts';
import type { Lease } from './lease-manager.ts';

/** What filters see of a lease: `id`, `labels.<key>`. */
export function leaseFields(lease: Lease): FieldAdaptor {
  return (path) => {
    if (path[0] === 'id') return lease.id;
    return path[0] === 'labels' ? labelField(lease.labels, path) : undefined;
  };
}
