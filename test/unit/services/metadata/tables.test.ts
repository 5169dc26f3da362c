import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Table } from '../../../../pkg/database/table.ts';
import { blobsTable } from '../../../../services/metadata/blobs-table.ts';
import { containersTable } from '../../../../services/metadata/containers-table.ts';
import { imagesTable } from '../../../../services/metadata/images-table.ts';
import { ingestsTable } from '../../../../services/metadata/ingests-table.ts';
import { leaseResourcesTable } from '../../../../services/metadata/lease-resources-table.ts';
import { leasesTable } from '../../../../services/metadata/leases-table.ts';
import { namespacesTable } from '../../../../services/metadata/namespaces-table.ts';
import { snapshotsTable } from '../../../../services/metadata/snapshots-table.ts';

/** A record with the prototype that records have. */
const plain = <T extends object>(record: fc.Arbitrary<T>): fc.Arbitrary<T> => record.map((value) => ({ ...value }));
const text = fc.string({ unit: 'grapheme' });
const time = fc.bigInt({ min: 0n, max: 2n ** 63n });
const size = fc.maxSafeNat();
const labels = fc.dictionary(text, text, { noNullPrototype: true }).map((given) => new Map(Object.entries(given)));
const any = fc
  .record({ typeUrl: text, value: fc.uint8Array() })
  .map(({ typeUrl, value }) => ({ typeUrl, value: Uint8Array.from(value) }));

/** Whatever is put comes back, byte for byte where there are bytes. */
function roundTrips<V>(table: Table<V>, record: fc.Arbitrary<V>): void {
  test(`${table.name} survive the disk`, () => {
    fc.assert(fc.property(record, (value) => assert.deepEqual(table.decode(table.encode(value)), value)));
  });
}

roundTrips(namespacesTable, plain(fc.record({ labels })));
roundTrips(
  imagesTable,
  plain(
    fc.record({
      name: text,
      labels,
      target: plain(
        fc.record(
          { mediaType: text, digest: text, size, annotations: labels.filter(({ size: count }) => count > 0) },
          { requiredKeys: ['mediaType', 'digest', 'size'] },
        ),
      ),
      createdAt: time,
      updatedAt: time,
    }),
  ),
);
roundTrips(
  containersTable,
  plain(
    fc.record({
      id: text,
      labels,
      image: text,
      runtime: plain(fc.record({ name: text, options: fc.option(any, { nil: undefined }) })),
      spec: fc.option(any, { nil: undefined }),
      snapshotter: text,
      snapshotKey: text,
      createdAt: time,
      updatedAt: time,
      extensions: fc.array(fc.tuple(text, any)).map((entries) => new Map(entries)),
      sandbox: text,
    }),
  ),
);
roundTrips(leasesTable, plain(fc.record({ id: text, createdAt: time, labels })));
roundTrips(leaseResourcesTable, plain(fc.record({ type: text, id: text })));
roundTrips(blobsTable, plain(fc.record({ digest: text, size, createdAt: time, updatedAt: time, labels })));
roundTrips(ingestsTable, plain(fc.record({ ref: text, backendRef: text, expireAt: time, expected: text })));
roundTrips(
  snapshotsTable,
  plain(
    fc.record(
      {
        name: text,
        backendKey: text,
        parent: text,
        kind: fc.constantFrom('view', 'active', 'committed'),
        createdAt: time,
        updatedAt: time,
        labels,
        committing: plain(fc.record({ name: text, backendKey: text, labels, parent: text })),
      },
      { requiredKeys: ['name', 'backendKey', 'parent', 'kind', 'createdAt', 'updatedAt', 'labels'] },
    ),
  ),
);
