import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Logger } from '../../pkg/log/logger.ts';
import type { CollectableResources } from '../../services/gc/collectable-resources.ts';
import type { CollectedBackend } from '../../services/gc/collected-backend.ts';
import type { CollectionResult, Collector } from '../../services/gc/collector.ts';
import type { GarbageCollector } from '../../services/gc/garbage-collector.ts';
import type { SchedulerConfig } from './scheduler-config.ts';

/** Milliseconds; a collection is taken to hold the loop at least this long, so that collections do not follow each other at once. */
const leastHeld = 5;
/** Milliseconds between collections before the first has been measured, and what a failed one is put off by. */
const firstInterval = 1000;

/** A call that waits for a collection. */
interface Waiter {
  resolve(): void;
  reject(reason: unknown): void;
}

/** What a scheduler works with. */
export interface SchedulerParts {
  readonly collector: Pick<Collector, 'collect' | 'onChange' | 'registerResources' | 'registerBackend'>;
  readonly config: SchedulerConfig;
  readonly log: Logger;
  /** Milliseconds on a clock that is never set; `performance.now` by default. */
  readonly now?: () => number;
}

/**
 * Decides when to collect.
 *
 * After each collection the next one's turn is an interval away, so long that collections hold the loop for no larger share of time
 * than `pauseThreshold`. A turn is used when something was deleted since, or when there were `mutationThreshold` changes; else it passes,
 * and so do those after it. `collect`, and `deletionThreshold` deletions, have a collection after `scheduleDelay` without waiting for a turn.
 */
export class GcScheduler implements GarbageCollector, AsyncDisposable {
  readonly #parts: SchedulerParts;
  readonly #now: () => number;
  readonly #stop = new AbortController();
  readonly #waiters: Waiter[] = [];
  #triggered = false;
  #deletions = 0;
  #mutations = 0;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer fires; on the clock's time, as all here. */
  #due = Infinity;
  #running: Promise<void> | undefined;
  /** When the last collection ended; before the first one there are no turns. */
  #last: number | undefined;
  #interval = firstInterval;
  #held = 0;
  #collections = 0;

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
    this.#now = parts.now ?? (() => performance.now());
    parts.collector.onChange = (deletion) => this.#count(deletion);
    if (parts.config.startupDelay > 0) this.#arm(this.#now() + parts.config.startupDelay);
  }

  async collect(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#stop.signal.aborted) throw stopped();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { resolve, reject };
    this.#waiters.push(waiter);
    this.#triggered = true;
    this.#schedule();
    const abort = (): void => reject(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await promise;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  registerResources(resources: CollectableResources): Disposable {
    return this.#parts.collector.registerResources(resources);
  }

  registerBackend(backend: CollectedBackend): Disposable {
    return this.#parts.collector.registerBackend(backend);
  }

  /** Ends a collection that runs, and waits for its end; whoever waits is told. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#parts.collector.onChange = undefined;
    clearTimeout(this.#timer);
    this.#stop.abort(stopped());
    await this.#running;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(stopped());
  }

  #count(deletion: boolean): void {
    this.#mutations++;
    if (deletion) this.#deletions++;
    this.#schedule();
  }

  /** Sets the timer to what there is to do now; called again after a collection. */
  #schedule(): void {
    if (this.#running || this.#stop.signal.aborted) return;
    const { deletionThreshold, mutationThreshold, scheduleDelay, startupDelay } = this.#parts.config;
    const now = this.#now();
    const manyDeletions = deletionThreshold > 0 && this.#deletions >= deletionThreshold;
    const manyMutations = mutationThreshold > 0 && this.#mutations >= mutationThreshold;
    if (this.#triggered || manyDeletions) this.#arm(now + scheduleDelay);
    else if (this.#deletions === 0 && !manyMutations) return;
    else if (this.#last !== undefined) this.#arm(this.#nextTurn(this.#last, now));
    else if (startupDelay === 0 && (deletionThreshold === 0 || manyMutations)) this.#arm(now + scheduleDelay);
  }

  #nextTurn(last: number, now: number): number {
    return last + Math.max(1, Math.ceil((now - last) / this.#interval)) * this.#interval;
  }

  #arm(due: number): void {
    if (due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => this.#start(), Math.max(0, due - this.#now()));
  }

  #start(): void {
    this.#due = Infinity;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      this.#schedule();
    });
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const waiters = this.#waiters.splice(0);
    this.#triggered = false;
    this.#deletions = 0;
    this.#mutations = 0;
    try {
      const result = await this.#parts.collector.collect(this.#stop.signal);
      this.#note(result);
      // A slow backend keeps those waiting who asked for its files to go, and not the next collection.
      void result.cleaned.then(() => {
        for (const waiter of waiters) waiter.resolve();
      });
    } catch (error) {
      const failure = this.#stop.signal.aborted ? stopped() : new KindError('internal', 'gc failed', { cause: error });
      for (const waiter of waiters) waiter.reject(failure);
      if (this.#stop.signal.aborted) return;
      this.#parts.log.error('garbage collection failed', { error });
      // What called for it is still there.
      this.#deletions++;
      this.#last = this.#now() + firstInterval;
    }
  }

  #note({ held, removed }: CollectionResult): void {
    this.#last = this.#now();
    this.#held += held;
    this.#collections++;
    const average = Math.max(this.#held / this.#collections, leastHeld);
    const { pauseThreshold } = this.#parts.config;
    if (pauseThreshold > 0) this.#interval = average / pauseThreshold - average;
    this.#parts.log.trace('garbage collected', { held: `${held.toFixed(3)}ms`, removed });
  }
}

function stopped(): KindError {
  return new KindError('unavailable', 'the daemon is stopping');
}
