import type { Writer } from '../../pkg/database/database.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { LeaseResource } from '../leases/lease-manager.ts';
import { leaseResourceKey, leaseResourcesGroup, leaseResourcesTable } from './lease-resources-table.ts';
import { leasesTable } from './leases-table.ts';

/**
 * Lists what a call creates in the lease of its scope, in the transaction that creates it. Does nothing when the call has no
 * lease; idempotent.
 * @throws KindError `not-found` for a lease that is not there.
 */
export function addToLease(tx: Writer, scope: Scope, resource: LeaseResource): void {
  const { namespace, lease } = scope;
  if (lease === undefined) return;
  if (tx.get(leasesTable, namespace, lease) === undefined)
    throw new KindError('not-found', `lease ${JSON.stringify(lease)}`);
  const group = leaseResourcesGroup(namespace, lease);
  const key = leaseResourceKey(resource);
  if (tx.get(leaseResourcesTable, group, key) === undefined) tx.put(leaseResourcesTable, group, key, resource);
}
