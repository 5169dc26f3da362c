import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContainersDefinition } from '../../../../api/gen/containerd/services/containers/v1/containers.ts';
import { ImagesDefinition } from '../../../../api/gen/containerd/services/images/v1/images.ts';
import { LeasesDefinition } from '../../../../api/gen/containerd/services/leases/v1/leases.ts';
import { NamespacesDefinition } from '../../../../api/gen/containerd/services/namespaces/v1/namespaces.ts';
import { rpcClient } from '../../../../api/rpc/rpc-client.ts';
import { leaseResourcesTable } from '../../../../services/metadata/lease-resources-table.ts';
import { RecordsService } from '../../../suites/records-service.ts';

const t1 = { namespace: 't1' };
const target = {
  mediaType: 'application/x',
  digest: `sha256:${'a'.repeat(64)}`,
  size: 3n,
  annotations: new Map<string, string>(),
};
const image = (name: string) => ({
  name,
  labels: new Map<string, string>(),
  target,
  createdAt: undefined,
  updatedAt: undefined,
});

test('a message without its object is an argument that is refused', async () => {
  await using service = await RecordsService.start();
  const images = rpcClient(service.transport, ImagesDefinition);
  const refused = { kind: 'invalid-argument' };
  await assert.rejects(images.create({ image: undefined, sourceDateEpoch: undefined }, t1), refused);
  await assert.rejects(
    images.update({ image: undefined, updateMask: undefined, sourceDateEpoch: undefined }, t1),
    refused,
  );
  await assert.rejects(
    images.create({ image: { ...image('a'), target: undefined }, sourceDateEpoch: undefined }, t1),
    refused,
  );
  await assert.rejects(
    images.create({ image: { ...image('a'), target: { ...target, size: 2n ** 60n } }, sourceDateEpoch: undefined }, t1),
    refused,
  );
  const containers = rpcClient(service.transport, ContainersDefinition);
  await assert.rejects(containers.create({ container: undefined }, t1), refused);
  await assert.rejects(containers.update({ container: undefined, updateMask: ['labels'] }, t1), refused);
  const namespaces = rpcClient(service.transport, NamespacesDefinition);
  await assert.rejects(namespaces.create({ namespace: undefined }), refused);
  await assert.rejects(namespaces.update({ namespace: undefined, updateMask: undefined }), refused);
  const leases = rpcClient(service.transport, LeasesDefinition);
  await leases.create({ id: 'l', labels: new Map() }, t1);
  await assert.rejects(leases.addResource({ id: 'l', resource: undefined }, t1), { kind: 'unimplemented' });
});

test('of fifty that create the same image at once, one does', async () => {
  await using service = await RecordsService.start();
  const images = rpcClient(service.transport, ImagesDefinition);
  const outcomes = await Promise.allSettled(
    Array.from({ length: 50 }, () => images.create({ image: image('i'), sourceDateEpoch: undefined }, t1)),
  );
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
});

test('a namespace takes its leases with it', async () => {
  await using service = await RecordsService.start();
  const leases = rpcClient(service.transport, LeasesDefinition);
  const namespaces = rpcClient(service.transport, NamespacesDefinition);
  await leases.create({ id: 'l', labels: new Map() }, t1);
  await leases.addResource({ id: 'l', resource: { type: 'images', id: 'i' } }, t1);
  await namespaces.delete({ name: 't1' });
  assert.deepEqual([...service.database.read.groups(leaseResourcesTable)], []);
  await assert.rejects(leases.listResources({ id: 'l' }, t1), { kind: 'not-found' });
});

test("an image's times are those of its making and its last change", async () => {
  await using service = await RecordsService.start();
  const images = rpcClient(service.transport, ImagesDefinition);
  const { image: created } = await images.create({ image: image('i'), sourceDateEpoch: { seconds: 1n, nanos: 0 } }, t1);
  assert.deepEqual(created?.createdAt, created?.updatedAt);
  assert.ok((created?.createdAt?.seconds ?? 0n) > 1_600_000_000n);
  const { image: updated } = await images.update(
    { image: image('i'), updateMask: undefined, sourceDateEpoch: undefined },
    t1,
  );
  assert.deepEqual(updated?.createdAt, created?.createdAt);
  assert.notDeepEqual(updated?.updatedAt, created?.updatedAt);
});
