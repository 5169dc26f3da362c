import { NamespaceCreate, NamespaceDelete, NamespaceUpdate } from '../../api/gen/containerd/events/events.ts';
import { packAny } from '../../api/any/pack-any.ts';
import type { Any } from '../../api/gen/google/protobuf/any.ts';
import type { Database, Reader, Writer } from '../../pkg/database/database.ts';
import type { Table } from '../../pkg/database/table.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { validateIdentifier } from '../../pkg/identifiers/validate-identifier.ts';
import { applyLabelMask } from '../../pkg/labels/apply-label-mask.ts';
import { noLabels, type Labels } from '../../pkg/labels/labels.ts';
import { validateLabels } from '../../pkg/labels/validate-labels.ts';
import { withoutEmpty } from '../../pkg/labels/without-empty.ts';
import type { EventExchange } from '../events/event-exchange.ts';
import { blobsTable } from '../metadata/blobs-table.ts';
import { containersTable } from '../metadata/containers-table.ts';
import { imagesTable } from '../metadata/images-table.ts';
import { ingestsTable } from '../metadata/ingests-table.ts';
import { leaseResourcesGroup, leaseResourcesTable } from '../metadata/lease-resources-table.ts';
import { leasesTable } from '../metadata/leases-table.ts';
import { namespacesTable } from '../metadata/namespaces-table.ts';
import { snapshotsGroup, snapshotsTable } from '../metadata/snapshots-table.ts';
import type { Namespace, NamespaceStore } from './namespace-store.ts';

/** The namespaces in the daemon's database. */
export class DatabaseNamespaceStore implements NamespaceStore {
  readonly #database: Database;
  readonly #events: EventExchange;

  constructor(database: Database, events: EventExchange) {
    this.#database = database;
    this.#events = events;
  }

  async labels(name: string): Promise<Labels> {
    return this.#database.read.get(namespacesTable, '', name)?.labels ?? noLabels;
  }

  async list(): Promise<readonly Namespace[]> {
    return Array.from(this.#database.read.list(namespacesTable, ''), ([name, { labels }]) => ({ name, labels }));
  }

  async create(name: string, labels: Labels): Promise<Namespace> {
    validateIdentifier(name);
    validateLabels(labels, 'namespace.Labels');
    await this.#database.update((tx) => {
      if (tx.get(namespacesTable, '', name) !== undefined) throw new KindError('already-exists', `namespace "${name}"`);
      tx.put(namespacesTable, '', name, { labels: withoutEmpty(labels) });
    });
    const event = { name, labels: new Map(labels) };
    this.#publish(name, 'create', packAny('containerd.events.NamespaceCreate', NamespaceCreate, event));
    return { name, labels };
  }

  async update(name: string, given: Labels, paths: readonly string[]): Promise<Namespace> {
    validateIdentifier(name);
    const labels = await this.#database.update((tx) => {
      const current = tx.get(namespacesTable, '', name)?.labels ?? noLabels;
      const updated = applyLabelMask(current, given, paths);
      validateLabels(updated, 'namespace.Labels');
      tx.put(namespacesTable, '', name, { labels: updated });
      return updated;
    });
    // What was asked for, not what came of it: as containerd tells it.
    const event = { name, labels: new Map(given) };
    this.#publish(name, 'update', packAny('containerd.events.NamespaceUpdate', NamespaceUpdate, event));
    return { name, labels };
  }

  async delete(name: string): Promise<void> {
    await this.#database.update((tx) => {
      if (tx.get(namespacesTable, '', name) === undefined) throw new KindError('not-found', `namespace "${name}"`);
      const left = contents(tx, name);
      if (left.length > 0) {
        const text = `namespace "${name}" must be empty, but it still has ${left.join(', ')}`;
        throw new KindError('failed-precondition', text);
      }
      deleteGroup(tx, ingestsTable, name);
      for (const [lease] of tx.list(leasesTable, name))
        deleteGroup(tx, leaseResourcesTable, leaseResourcesGroup(name, lease));
      deleteGroup(tx, leasesTable, name);
      tx.delete(namespacesTable, '', name);
    });
    this.#publish(name, 'delete', packAny('containerd.events.NamespaceDelete', NamespaceDelete, { name }));
  }

  #publish(namespace: string, action: string, event: Any): void {
    this.#events.publish(namespace, `/namespaces/${action}`, event);
  }
}

function deleteGroup(tx: Writer, table: Table<unknown>, group: string): void {
  for (const [key] of tx.list(table, group)) tx.delete(table, group, key);
}

/** What keeps a namespace from being deleted, in the words of the message. Leases and ingests do not: they go with it. */
function contents(reader: Reader, name: string): string[] {
  const has = (table: Table<unknown>, group: string) => reader.list(table, group).next().done !== true;
  const found: string[] = [];
  if (has(imagesTable, name)) found.push('images');
  if (has(blobsTable, name)) found.push('blobs');
  if (has(containersTable, name)) found.push('containers');
  const prefix = snapshotsGroup(name, '');
  for (const group of reader.groups(snapshotsTable))
    if (group.startsWith(prefix)) found.push(`snapshots on "${group.slice(prefix.length)}" snapshotter`);
  return found;
}
