import type { Reader, Writer } from '../../../../pkg/database/database.ts';
import type { Table } from '../../../../pkg/database/table.ts';
import { blobsTable } from '../../../../services/metadata/blobs-table.ts';
import { containersTable } from '../../../../services/metadata/containers-table.ts';
import { imagesTable } from '../../../../services/metadata/images-table.ts';
import { ingestsTable } from '../../../../services/metadata/ingests-table.ts';
import { leaseResourceKey, leaseResourcesTable } from '../../../../services/metadata/lease-resources-table.ts';
import { leasesTable } from '../../../../services/metadata/leases-table.ts';
import { sandboxesTable } from '../../../../services/metadata/sandboxes-table.ts';
import { snapshotsTable } from '../../../../services/metadata/snapshots-table.ts';

/** A record that takes part in garbage collection, in short: `on` is what it refers to by what it is. */
export interface GcRecord {
  readonly kind: 'blob' | 'snapshot' | 'image' | 'ingest' | 'container' | 'sandbox' | 'lease' | 'entry';
  readonly namespace: string;
  readonly name: string;
  /** A snapshot's parent, an image's target, an ingest's digest, a container's snapshot, an entry's lease. */
  readonly on?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Of an ingest. */
  readonly expireAt?: bigint;
}

/** The one snapshotter. */
export const snapshotter = 'overlayfs';

const times = { createdAt: 1n, updatedAt: 1n };

/** Where a record is. */
function placeOf({ kind, namespace, name, on = '' }: GcRecord): [table: Table<unknown>, group: string, key: string] {
  switch (kind) {
    case 'blob':
      return [blobsTable, namespace, name];
    case 'snapshot':
      return [snapshotsTable, `${namespace}/${snapshotter}`, name];
    case 'image':
      return [imagesTable, namespace, name];
    case 'ingest':
      return [ingestsTable, namespace, name];
    case 'container':
      return [containersTable, namespace, name];
    case 'sandbox':
      return [sandboxesTable, namespace, name];
    case 'lease':
      return [leasesTable, namespace, name];
    case 'entry':
      return [leaseResourcesTable, `${namespace}/${on}`, leaseResourceKey(entryOf(name))];
  }
}

/** `content:d1`, `images:i1`, `ingests:g1`, `snapshots/overlayfs:s1`. */
function entryOf(name: string) {
  const [type = '', id = ''] = name.split(':');
  return { type, id };
}

/** Writes a record. */
export function putRecord(tx: Writer, record: GcRecord): void {
  const [table, group, key] = placeOf(record);
  tx.put(table, group, key, valueOf(record));
}

/** Takes one away. */
export function deleteRecord(tx: Writer, record: GcRecord): void {
  const [table, group, key] = placeOf(record);
  tx.delete(table, group, key);
}

/** Whether it is there. */
export function hasRecord(read: Reader, record: GcRecord): boolean {
  const [table, group, key] = placeOf(record);
  return read.get(table, group, key) !== undefined;
}

function valueOf({ kind, name, on = '', labels: given = {}, expireAt = 0n }: GcRecord): unknown {
  const labels = new Map(Object.entries(given));
  const runtime = { name: 'r', options: undefined };
  const extensions = new Map();
  switch (kind) {
    case 'blob':
      return { digest: name, size: 1, labels, ...times };
    case 'snapshot':
      return { name, backendKey: `b/${name}`, parent: on, kind: 'committed', labels, ...times };
    case 'image':
      return { name, labels, target: { mediaType: 'm', digest: on, size: 1 }, ...times };
    case 'ingest':
      return { ref: name, backendRef: name, expireAt, expected: on };
    case 'container':
      return {
        ...{ id: name, labels, image: '', runtime, spec: undefined, extensions, sandbox: '', ...times },
        ...{ snapshotter: on === '' ? '' : snapshotter, snapshotKey: on },
      };
    case 'sandbox':
      return { id: name, labels, runtime, spec: undefined, extensions, sandboxer: 'shim', ...times };
    case 'lease':
      return { id: name, labels, createdAt: 1n };
    case 'entry':
      return entryOf(name);
  }
}
