import { ContainerCreate, ContainerDelete, ContainerUpdate } from '../../api/gen/containerd/events/events.ts';
import { packAny } from '../../api/any/pack-any.ts';
import type { Any } from '../../api/gen/google/protobuf/any.ts';
import type { Database } from '../../pkg/database/database.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { compileFilters } from '../../pkg/filters/compile-filters.ts';
import { withoutEmpty } from '../../pkg/labels/without-empty.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import { nowNanoseconds } from '../../pkg/time/now-nanoseconds.ts';
import type { EventExchange } from '../events/event-exchange.ts';
import { containersTable } from '../metadata/containers-table.ts';
import { touchNamespace } from '../metadata/touch-namespace.ts';
import { containerFields } from './container-fields.ts';
import type { Container, ContainerFields, ContainerStore } from './container-store.ts';
import { updateContainer } from './update-container.ts';
import { validateContainer } from './validate-container.ts';

/** The containers in the daemon's database. */
export class DatabaseContainerStore implements ContainerStore {
  readonly #database: Database;
  readonly #events: EventExchange;

  constructor(database: Database, events: EventExchange) {
    this.#database = database;
    this.#events = events;
  }

  async get({ namespace }: Scope, id: string): Promise<Container> {
    const container = this.#database.read.get(containersTable, namespace, id);
    if (container === undefined) throw notFound(namespace, id);
    return container;
  }

  async list({ namespace }: Scope, filters: readonly string[]): Promise<readonly Container[]> {
    const filter = compileFilters(filters);
    const containers = Array.from(this.#database.read.list(containersTable, namespace), ([, container]) => container);
    return containers.filter((container) => filter(containerFields(container)));
  }

  async create({ namespace }: Scope, given: ContainerFields): Promise<Container> {
    validateNew(given);
    const { id } = given;
    const container = await this.#database.update((tx) => {
      touchNamespace(tx, namespace);
      if (tx.get(containersTable, namespace, id) !== undefined)
        throw new KindError('already-exists', `container "${id}"`);
      const now = nowNanoseconds();
      const created: Container = { ...given, labels: withoutEmpty(given.labels), createdAt: now, updatedAt: now };
      tx.put(containersTable, namespace, id, created);
      return created;
    });
    const event = { id, image: container.image, runtime: container.runtime };
    this.#publish(namespace, 'create', packAny('containerd.events.ContainerCreate', ContainerCreate, event));
    return container;
  }

  async update({ namespace }: Scope, given: ContainerFields, paths: readonly string[]): Promise<Container> {
    const { id } = given;
    if (id === '') throw new KindError('invalid-argument', 'Container.ID required');
    const container = await this.#database.update((tx) => {
      const current = tx.get(containersTable, namespace, id);
      if (current === undefined) throw new KindError('not-found', `container "${id}"`);
      const fields = updateContainer(current, given, paths);
      validateContainer(fields);
      const updated: Container = { ...fields, createdAt: current.createdAt, updatedAt: nowNanoseconds() };
      tx.put(containersTable, namespace, id, updated);
      return updated;
    });
    const { image, labels, snapshotKey } = container;
    const event = { id, image, labels: new Map(labels), snapshotKey };
    this.#publish(namespace, 'update', packAny('containerd.events.ContainerUpdate', ContainerUpdate, event));
    return container;
  }

  async delete({ namespace }: Scope, id: string): Promise<void> {
    await this.#database.update((tx) => {
      if (tx.get(containersTable, namespace, id) === undefined) throw notFound(namespace, id);
      tx.delete(containersTable, namespace, id);
    });
    this.#publish(namespace, 'delete', packAny('containerd.events.ContainerDelete', ContainerDelete, { id }));
  }

  #publish(namespace: string, action: string, event: Any): void {
    this.#events.publish(namespace, `/containers/${action}`, event);
  }
}

function notFound(namespace: string, id: string): KindError {
  return new KindError('not-found', `container "${id}" in namespace "${namespace}"`);
}

/** Clients show these words. */
function validateNew(container: ContainerFields): void {
  try {
    validateContainer(container);
  } catch (error) {
    if (!(error instanceof KindError)) throw error;
    throw new KindError(error.kind, `create container failed validation: ${error.detail}`, { cause: error });
  }
}
