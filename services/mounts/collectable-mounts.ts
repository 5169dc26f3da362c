import type { Database, Reader } from '../../pkg/database/database.ts';
import type { CollectableResource, CollectableResources } from '../gc/collectable-resources.ts';
import { activationsTable } from '../metadata/activations-table.ts';
import { blobsTable } from '../metadata/blobs-table.ts';
import { containersTable } from '../metadata/containers-table.ts';
import { imagesTable } from '../metadata/images-table.ts';
import { snapshotsGroup, snapshotsTable } from '../metadata/snapshots-table.ts';
import type { LocalMountManager } from './local-mount-manager.ts';

const backReference = /^containerd\.io\/gc\.bref\.(container|content|image|snapshot\.([^/]+))(?:[./].*)?$/;

/** Activations as the garbage collector sees them: kept by leases, by labels, and by the parents that they name. */
export class CollectableMounts implements CollectableResources {
  readonly kind = 'mount';
  readonly #database: Database;
  readonly #manager: LocalMountManager;

  constructor(database: Database, manager: LocalMountManager) {
    this.#database = database;
    this.#manager = manager;
  }

  *list(): Iterable<CollectableResource> {
    const { read } = this.#database;
    for (const namespace of read.groups(activationsTable)) {
      for (const [id, { labels, lease, sequence }] of read.list(activationsTable, namespace)) {
        const parents = [...labels].some(([label, parent]) => hasParent(read, namespace, label, parent));
        yield {
          namespace,
          id,
          lease: lease === '' ? undefined : lease,
          active: parents || this.#manager.isChanging(namespace, id),
          remove: () => this.#manager.remove(namespace, id, sequence),
        };
      }
    }
  }
}

function hasParent(read: Reader, namespace: string, label: string, parent: string): boolean {
  const [, kind, snapshotter] = backReference.exec(label) ?? [];
  if (kind === 'container') return read.get(containersTable, namespace, parent) !== undefined;
  if (kind === 'content') return read.get(blobsTable, namespace, parent) !== undefined;
  if (kind === 'image') return read.get(imagesTable, namespace, parent) !== undefined;
  if (snapshotter === undefined) return false;
  return read.get(snapshotsTable, snapshotsGroup(namespace, snapshotter), parent) !== undefined;
}
