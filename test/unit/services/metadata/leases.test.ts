import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordsService } from '../../../suites/records-service.ts';
import { addToLease } from '../../../../services/metadata/add-to-lease.ts';
import { removeFromLease } from '../../../../services/metadata/remove-from-lease.ts';
import { touchNamespace } from '../../../../services/metadata/touch-namespace.ts';
import { namespacesTable } from '../../../../services/metadata/namespaces-table.ts';
import { DatabaseLeaseManager } from '../../../../services/leases/database-lease-manager.ts';

const scope = { namespace: 'n', lease: 'l' };
const resource = { type: 'content', id: `sha256:${'a'.repeat(64)}` };

test('what a call creates is listed in its lease, in the same transaction', async () => {
  await using service = await RecordsService.start();
  const { database } = service;
  const leases = new DatabaseLeaseManager(database, { collect: () => Promise.resolve() });
  const add = () =>
    database.update((tx) => {
      touchNamespace(tx, 'n');
      addToLease(tx, scope, resource);
    });
  await assert.rejects(add(), { kind: 'not-found', detail: 'lease "l"' });
  assert.equal(database.read.get(namespacesTable, '', 'n'), undefined);
  await leases.create(scope, 'l', new Map());
  await Promise.all([add(), add()]);
  assert.deepEqual(await leases.listResources(scope, 'l'), [resource]);
  await database.update((tx) => removeFromLease(tx, scope, resource));
  assert.deepEqual(await leases.listResources(scope, 'l'), []);
});

test('without a lease nothing is listed', async () => {
  await using service = await RecordsService.start();
  await service.database.update((tx) => {
    addToLease(tx, { namespace: 'n' }, resource);
    removeFromLease(tx, { namespace: 'n' }, resource);
  });
});
