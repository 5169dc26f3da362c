import type { Migration } from '../../pkg/database/migration.ts';
import type { Table } from '../../pkg/database/table.ts';
import { backendSnapshotsTable } from '../../snapshotters/storage/backend-snapshots-table.ts';
import { activationsTable } from './activations-table.ts';
import { blobsTable } from './blobs-table.ts';
import { containersTable } from './containers-table.ts';
import { imagesTable } from './images-table.ts';
import { ingestsTable } from './ingests-table.ts';
import { leaseResourcesTable } from './lease-resources-table.ts';
import { leasesTable } from './leases-table.ts';
import { namespacesTable } from './namespaces-table.ts';
import { sandboxesTable } from './sandboxes-table.ts';
import { snapshotsTable } from './snapshots-table.ts';

/**
 * The key tree of the daemon's database; a place is table / group / key.
 *
 *     .version / '' / ''                                          the number below, as text
 *     .sequences / '' / <name>                                    the last number given, as text
 *     namespaces / '' / <namespace>                               Namespace
 *     images / <namespace> / <name>                               Image
 *     containers / <namespace> / <id>                             Container
 *     sandboxes / <namespace> / <id>                              Sandbox
 *     activations / <namespace> / <name>                          Activation
 *     leases / <namespace> / <id>                                 Lease
 *     lease-resources / <namespace>/<lease> / <type> 00 <id>      LeaseResource
 *     blobs / <namespace> / <digest>                              Blob
 *     ingests / <namespace> / <ref>                               Ingest
 *     snapshots / <namespace>/<snapshotter> / <key or name>       Snapshot
 *     backend-snapshots / <snapshotter> / <backend key or name>   BackendSnapshot (written out at its table)
 *
 * The messages are those of api/proto/gantry/metadata/v1/metadata.proto. A field that is added there, or a new table, needs no
 * new version as long as an older program may ignore it; anything else does, with a migration.
 */
export const schema: {
  readonly version: number;
  readonly migrations: readonly Migration[];
  readonly tables: readonly Table<unknown>[];
} = {
  version: 1,
  migrations: [],
  tables: [
    namespacesTable,
    imagesTable,
    containersTable,
    sandboxesTable,
    activationsTable,
    leasesTable,
    leaseResourcesTable,
    blobsTable,
    ingestsTable,
    snapshotsTable,
    backendSnapshotsTable,
  ],
};
