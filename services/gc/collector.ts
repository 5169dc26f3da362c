import type { Database, RecordChange, Writer } from '../../pkg/database/database.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Logger } from '../../pkg/log/logger.ts';
import { nowNanoseconds } from '../../pkg/time/now-nanoseconds.ts';
import type { EventExchange } from '../events/event-exchange.ts';
import { BackendCleaner } from './backend-cleaner.ts';
import type { CollectableResource, CollectableResources } from './collectable-resources.ts';
import type { CollectedBackend } from './collected-backend.ts';
import { Collection } from './collection.ts';
import { recordKinds } from './record-kinds.ts';

// Bounds of one slice: what the loop is held for, and how much one batch removes.
const sliceMilliseconds = 2;
const sliceRemovals = 100;

/** What a collector works with. */
export interface CollectorParts {
  readonly database: Database;
  readonly events: Pick<EventExchange, 'publish'>;
  readonly log: Logger;
  /** Nanoseconds since 1970; the clock by default. */
  readonly now?: () => bigint;
  /** The most steps of a slice; as many as there is time for by default. */
  readonly sliceSteps?: number;
}

/** What a collection did. */
export interface CollectionResult {
  /** Records removed. */
  readonly removed: number;
  /** Milliseconds that the loop was held, all slices together. */
  readonly held: number;
  /** Settles, never with an error, when the backends have deleted the files. */
  readonly cleaned: Promise<void>;
}

/**
 * Collects when it is told to, one collection at a time, and tells of what may call for one. When is a scheduler's to decide.
 */
export class Collector implements Disposable {
  /** Called after each transaction that changed records, collections' own apart; says whether it only deleted. */
  onChange: ((deletion: boolean) => void) | undefined;

  readonly #parts: CollectorParts;
  readonly #tables = new Set(recordKinds.map(({ table }) => table.name));
  readonly #resources = new Map<string, CollectableResources>();
  readonly #cleaners = new Set<BackendCleaner>();
  readonly #observation: Disposable;
  /** Whether a record has been deleted since the start. */
  #deleted = false;
  #running: Collection | undefined;
  /** Whether the changes that are told next are those of the slice that has just run. */
  #ownChanges = false;

  constructor(parts: CollectorParts) {
    this.#parts = parts;
    this.#observation = parts.database.observe((changes) => this.#observe(changes));
  }

  registerResources(resources: CollectableResources): Disposable {
    const { kind } = resources;
    if (this.#resources.has(kind) || recordKinds.some(({ name }) => name === kind)) {
      throw new KindError('already-exists', `collectable resources of kind "${kind}"`);
    }
    this.#resources.set(kind, resources);
    return { [Symbol.dispose]: () => void this.#resources.delete(kind) };
  }

  registerBackend(backend: CollectedBackend): Disposable {
    const cleaner = new BackendCleaner(backend, this.#parts.log, this.#deleted);
    this.#cleaners.add(cleaner);
    if (this.#deleted) this.onChange?.(true);
    return { [Symbol.dispose]: () => void this.#cleaners.delete(cleaner) };
  }

  /**
   * Runs a collection; `signal` ends it between two slices, which leaves nothing half done.
   * @throws what a write failed with, or the signal's reason.
   */
  async collect(signal?: AbortSignal): Promise<CollectionResult> {
    if (this.#running) throw new KindError('failed-precondition', 'a garbage collection runs');
    const now = (this.#parts.now ?? nowNanoseconds)();
    const collection = new Collection({ kinds: recordKinds, resources: [...this.#resources.values()], now });
    this.#running = collection;
    let held = 0;
    try {
      const steps = collection.steps();
      for (let done = false; !done;) {
        signal?.throwIfAborted();
        const slice = await this.#parts.database.update((tx) => this.#slice(collection, steps, tx));
        done = slice.done;
        held += slice.held;
        for (const { namespace, topic, event } of collection.events.splice(0)) {
          this.#parts.events.publish(namespace, topic, event);
        }
      }
    } finally {
      this.#running = undefined;
    }
    if (collection.spared) this.onChange?.(true);
    return { removed: collection.removed, held, cleaned: this.#cleanUp(collection.doomed) };
  }

  [Symbol.dispose](): void {
    this.#observation[Symbol.dispose]();
  }

  #slice(collection: Collection, steps: Generator<void, void, void>, tx: Writer): { done: boolean; held: number } {
    const start = performance.now();
    const before = collection.removed;
    collection.tx = tx;
    let done = false;
    for (let left = this.#parts.sliceSteps ?? Infinity; !done && left > 0; left--) {
      done = steps.next().done === true;
      if (performance.now() - start >= sliceMilliseconds || collection.removed - before >= sliceRemovals) break;
    }
    collection.tx = undefined;
    this.#ownChanges = collection.removed > before;
    return { done, held: performance.now() - start };
  }

  /** The changes are seen by the transactions that follow: the next slice has to know of them. */
  #observe(changes: readonly RecordChange[]): void {
    const own = this.#ownChanges;
    this.#ownChanges = false;
    const ours = changes.filter(({ table }) => this.#tables.has(table));
    if (ours.length === 0) return;
    // A commit deletes, too, but puts something in the place of what it deletes: no garbage comes of it.
    const deletion = ours.every(({ value }) => value === undefined);
    if (deletion) {
      this.#deleted = true;
      for (const change of ours) for (const cleaner of this.#cleaners) cleaner.noteDeletion(change);
    }
    if (own) return;
    for (const change of ours) this.#running?.touch(change);
    this.onChange?.(deletion);
  }

  async #cleanUp(doomed: readonly CollectableResource[]): Promise<void> {
    const removals = doomed.map(async (resource) => {
      try {
        await resource.remove();
      } catch (error) {
        const { namespace, id } = resource;
        this.#parts.log.warn('garbage collection left a resource', { namespace, id, error });
      }
    });
    await Promise.all([...removals, ...Array.from(this.#cleaners, (cleaner) => cleaner.clean())]);
  }
}
