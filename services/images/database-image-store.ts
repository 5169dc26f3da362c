import { ImageCreate, ImageDelete, ImageUpdate } from '../../api/gen/containerd/services/images/v1/images.ts';
import { packAny } from '../../api/any/pack-any.ts';
import type { Database } from '../../pkg/database/database.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { compileFilters } from '../../pkg/filters/compile-filters.ts';
import { withoutEmpty } from '../../pkg/labels/without-empty.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import { nowNanoseconds } from '../../pkg/time/now-nanoseconds.ts';
import type { EventExchange } from '../events/event-exchange.ts';
import type { GarbageCollector } from '../gc/garbage-collector.ts';
import { addToLease } from '../metadata/add-to-lease.ts';
import { imagesTable } from '../metadata/images-table.ts';
import { removeFromLease } from '../metadata/remove-from-lease.ts';
import { touchNamespace } from '../metadata/touch-namespace.ts';
import { imageFields } from './image-fields.ts';
import type { DeleteImageOptions, Image, ImageFields, ImageStore } from './image-store.ts';
import { updateImage } from './update-image.ts';
import { validateImage } from './validate-image.ts';

const expireLabel = 'containerd.io/gc.expire';

/** The images in the daemon's database. */
export class DatabaseImageStore implements ImageStore {
  readonly #database: Database;
  readonly #events: EventExchange;
  readonly #collector: Pick<GarbageCollector, 'collect'>;

  constructor(database: Database, events: EventExchange, collector: Pick<GarbageCollector, 'collect'>) {
    this.#database = database;
    this.#events = events;
    this.#collector = collector;
  }

  async get({ namespace }: Scope, name: string): Promise<Image> {
    const image = this.#database.read.get(imagesTable, namespace, name);
    if (image === undefined) throw notFound(name);
    return image;
  }

  async list({ namespace }: Scope, filters: readonly string[]): Promise<readonly Image[]> {
    const filter = compileFilters(filters);
    const images = Array.from(this.#database.read.list(imagesTable, namespace), ([, image]) => image);
    return images.filter((image) => filter(imageFields(image)));
  }

  async create(scope: Scope, given: ImageFields): Promise<Image> {
    validateImage(given);
    const { namespace } = scope;
    const { name, target } = given;
    const labels = withoutEmpty(given.labels);
    const image = await this.#database.update((tx) => {
      touchNamespace(tx, namespace);
      if (tx.get(imagesTable, namespace, name) !== undefined)
        throw new KindError('already-exists', `image ${JSON.stringify(name)}`);
      const now = nowNanoseconds();
      const created: Image = { name, labels, target, createdAt: now, updatedAt: now };
      // An image without an end keeps itself; only one that may be collected needs the lease.
      if (labels.has(expireLabel)) addToLease(tx, scope, { type: 'images', id: name });
      tx.put(imagesTable, namespace, name, created);
      return created;
    });
    const event = { name, labels: new Map(labels) };
    this.#publish(namespace, 'create', packAny('containerd.services.images.v1.ImageCreate', ImageCreate, event));
    return image;
  }

  async update({ namespace }: Scope, given: ImageFields, paths: readonly string[]): Promise<Image> {
    const { name } = given;
    if (name === '') throw new KindError('invalid-argument', 'Image.Name required');
    const image = await this.#database.update((tx) => {
      const current = tx.get(imagesTable, namespace, name);
      if (current === undefined) throw notFound(name);
      const fields = updateImage(current, given, paths);
      validateImage(fields);
      const updated: Image = { ...fields, createdAt: current.createdAt, updatedAt: nowNanoseconds() };
      tx.put(imagesTable, namespace, name, updated);
      return updated;
    });
    const event = { name, labels: new Map(image.labels) };
    this.#publish(namespace, 'update', packAny('containerd.services.images.v1.ImageUpdate', ImageUpdate, event));
    return image;
  }

  async delete(scope: Scope, name: string, options: DeleteImageOptions = {}): Promise<void> {
    const { namespace } = scope;
    const { target, sync = false } = options;
    await this.#database.update((tx) => {
      const image = tx.get(imagesTable, namespace, name);
      if (image === undefined) throw notFound(name);
      if (target !== undefined && image.target.digest !== target)
        throw new KindError(
          'not-found',
          `image ${JSON.stringify(name)} has target ${image.target.digest}, not ${target}`,
        );
      removeFromLease(tx, scope, { type: 'images', id: name });
      tx.delete(imagesTable, namespace, name);
    });
    this.#publish(namespace, 'delete', packAny('containerd.services.images.v1.ImageDelete', ImageDelete, { name }));
    if (sync) await this.#collector.collect(scope.signal);
  }

  #publish(namespace: string, action: string, event: ReturnType<typeof packAny>): void {
    this.#events.publish(namespace, `/images/${action}`, event);
  }
}

function notFound(name: string): KindError {
  return new KindError('not-found', `image ${JSON.stringify(name)}`);
}
