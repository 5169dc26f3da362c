import { randomBytes } from 'node:crypto';
import type { Database, Writer } from '../../pkg/database/database.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { compileFilters } from '../../pkg/filters/compile-filters.ts';
import type { Labels } from '../../pkg/labels/labels.ts';
import { validateLabels } from '../../pkg/labels/validate-labels.ts';
import { withoutEmpty } from '../../pkg/labels/without-empty.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import { nowNanoseconds } from '../../pkg/time/now-nanoseconds.ts';
import type { GarbageCollector } from '../gc/garbage-collector.ts';
import { leaseResourceKey, leaseResourcesGroup, leaseResourcesTable } from '../metadata/lease-resources-table.ts';
import { leasesTable } from '../metadata/leases-table.ts';
import { touchNamespace } from '../metadata/touch-namespace.ts';
import { leaseFields } from './lease-fields.ts';
import type { Lease, LeaseManager, LeaseResource } from './lease-manager.ts';
import { validateResource } from './validate-resource.ts';

/** The leases in the daemon's database. */
export class DatabaseLeaseManager implements LeaseManager {
  readonly #database: Database;
  readonly #collector: Pick<GarbageCollector, 'collect'>;

  constructor(database: Database, collector: Pick<GarbageCollector, 'collect'>) {
    this.#database = database;
    this.#collector = collector;
  }

  async create({ namespace }: Scope, id: string, labels: Labels): Promise<Lease> {
    validateLabels(labels, 'lease.Labels');
    const name = id === '' ? randomId() : id;
    return await this.#database.update((tx) => {
      touchNamespace(tx, namespace);
      if (tx.get(leasesTable, namespace, name) !== undefined)
        throw new KindError('already-exists', `lease ${JSON.stringify(name)}`);
      const lease: Lease = { id: name, createdAt: nowNanoseconds(), labels: withoutEmpty(labels) };
      tx.put(leasesTable, namespace, name, lease);
      return lease;
    });
  }

  async delete({ namespace, signal }: Scope, id: string, options: { readonly sync?: boolean } = {}): Promise<void> {
    await this.#database.update((tx) => {
      requireLease(tx, namespace, id);
      tx.delete(leasesTable, namespace, id);
      const group = leaseResourcesGroup(namespace, id);
      for (const [key] of tx.list(leaseResourcesTable, group)) tx.delete(leaseResourcesTable, group, key);
    });
    if (options.sync === true) await this.#collector.collect(signal);
  }

  async list({ namespace }: Scope, filters: readonly string[]): Promise<readonly Lease[]> {
    const filter = compileFilters(filters);
    const leases = Array.from(this.#database.read.list(leasesTable, namespace), ([, lease]) => lease);
    return leases.filter((lease) => filter(leaseFields(lease)));
  }

  async addResource({ namespace }: Scope, id: string, resource: LeaseResource): Promise<void> {
    await this.#database.update((tx) => {
      requireLease(tx, namespace, id);
      validateResource(resource);
      tx.put(leaseResourcesTable, leaseResourcesGroup(namespace, id), leaseResourceKey(resource), resource);
    });
  }

  async deleteResource({ namespace }: Scope, id: string, resource: LeaseResource): Promise<void> {
    await this.#database.update((tx) => {
      requireLease(tx, namespace, id);
      validateResource(resource);
      tx.delete(leaseResourcesTable, leaseResourcesGroup(namespace, id), leaseResourceKey(resource));
    });
  }

  async listResources({ namespace }: Scope, id: string): Promise<readonly LeaseResource[]> {
    const { read } = this.#database;
    if (read.get(leasesTable, namespace, id) === undefined) throw notFound(id);
    return Array.from(read.list(leaseResourcesTable, leaseResourcesGroup(namespace, id)), ([, resource]) => resource);
  }
}

function requireLease(tx: Writer, namespace: string, id: string): void {
  if (tx.get(leasesTable, namespace, id) === undefined) throw notFound(id);
}

function notFound(id: string): KindError {
  return new KindError('not-found', `lease ${JSON.stringify(id)}`);
}

/** Seconds first, so that ids in a list come in the order of their making. */
function randomId(): string {
  return `${Math.floor(Date.now() / 1000)}-${randomBytes(8).toString('hex')}`;
}
