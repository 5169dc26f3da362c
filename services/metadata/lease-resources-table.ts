import { LeaseResource as LeaseResourceProto } from '../../api/gen/gantry/metadata/v1/metadata.ts';
import type { Table } from '../../pkg/database/table.ts';
import type { LeaseResource } from '../leases/lease-manager.ts';

/** What leases list: group is {@link leaseResourcesGroup}, key {@link leaseResourceKey}. */
export const leaseResourcesTable: Table<LeaseResource> = {
  name: 'lease-resources',
  encode: (resource) => LeaseResourceProto.encode(resource).finish(),
  decode: (bytes) => LeaseResourceProto.decode(bytes),
};

/** The group of one lease's resources. Neither namespaces nor lease ids hold a slash. */
export function leaseResourcesGroup(namespace: string, lease: string): string {
  return `${namespace}/${lease}`;
}

/** The key of a resource: by type first, as they are listed. Types hold no NUL. */
export function leaseResourceKey(resource: LeaseResource): string {
  return `${resource.type}\0${resource.id}`;
}
