import type { Writer } from '../../pkg/database/database.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { LeaseResource } from '../leases/lease-manager.ts';
import { leaseResourceKey, leaseResourcesGroup, leaseResourcesTable } from './lease-resources-table.ts';

/** Takes a thing that a call removes off the lease of its scope; does nothing when there is no lease or it does not list it. */
export function removeFromLease(tx: Writer, scope: Scope, resource: LeaseResource): void {
  if (scope.lease === undefined) return;
  tx.delete(leaseResourcesTable, leaseResourcesGroup(scope.namespace, scope.lease), leaseResourceKey(resource));
}
