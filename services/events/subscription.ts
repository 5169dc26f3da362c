import type { Envelope } from '../../api/gen/containerd/types/types.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';

/** What may wait for a subscriber, in bytes: `others` for events that are not about tasks, `tasks` for everything. */
export interface QueueLimits {
  readonly others: number;
  readonly tasks: number;
}

/** What an envelope costs beside its strings and bytes: objects, queue slots. An estimate. */
const overhead = 256;

/**
 * One subscriber's queue: filled by the exchange, drained by one reader, never waited for.
 *
 * Past `limits.others` the subscription is lost: other events that wait are dropped, task events go on being taken up to
 * `limits.tasks`, and the reader, once it has read what is left, gets `unavailable` so that it subscribes anew. So
 * whoever reads at all has seen every task event up to the end of its stream.
 */
export class Subscription implements AsyncIterableIterator<Envelope, undefined> {
  readonly #limits: QueueLimits;
  readonly #signal: AbortSignal;
  readonly #onClose: (subscription: Subscription) => void;
  #queue: Envelope[] = [];
  /** Index of the first envelope that is still wanted: shifting an array of thousands costs too much. */
  #head = 0;
  #bytes = 0;
  #lost = false;
  #full = false;
  #closed = false;
  #wake: (() => void) | undefined;
  readonly #abort = (): void => this.close();

  constructor(limits: QueueLimits, signal: AbortSignal, onClose: (subscription: Subscription) => void) {
    this.#limits = limits;
    this.#signal = signal;
    this.#onClose = onClose;
    if (signal.aborted) this.#closed = true;
    else signal.addEventListener('abort', this.#abort, { once: true });
  }

  /** Bytes that wait for the reader. */
  get waiting(): number {
    return this.#bytes;
  }

  /** Takes an envelope for the reader, or gives the subscription up. */
  push(envelope: Envelope): void {
    if (this.#closed || this.#full) return;
    const task = isTaskEvent(envelope);
    if (this.#lost && !task) return;
    const size = sizeOf(envelope);
    if (this.#bytes + size > this.#limits.others && !this.#lost) this.#lose();
    if (this.#lost && !task) return;
    if (this.#bytes + size > this.#limits.tasks) {
      this.#full = true;
      return;
    }
    this.#queue.push(envelope);
    this.#bytes += size;
    this.#notify();
  }

  /** The next envelope; `done` once the signal is aborted. One caller at a time. */
  async next(): Promise<IteratorResult<Envelope, undefined>> {
    for (;;) {
      if (this.#closed) return { done: true, value: undefined };
      const value = this.#queue[this.#head];
      if (value) {
        this.#take(value);
        return { done: false, value };
      }
      if (this.#lost) {
        this.close();
        throw new KindError('unavailable', 'the subscriber reads more slowly than events come in: subscribe again');
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  return(): Promise<IteratorResult<Envelope, undefined>> {
    this.close();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Ends the subscription and frees what waits; idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#signal.removeEventListener('abort', this.#abort);
    this.#onClose(this);
    this.#notify();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(envelope: Envelope): void {
    this.#bytes -= sizeOf(envelope);
    this.#head += 1;
    if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    } else if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    }
  }

  #lose(): void {
    this.#lost = true;
    this.#queue = this.#queue.slice(this.#head).filter(isTaskEvent);
    this.#head = 0;
    this.#bytes = this.#queue.reduce((sum, envelope) => sum + sizeOf(envelope), 0);
    this.#notify();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

function isTaskEvent(envelope: Envelope): boolean {
  return envelope.topic.startsWith('/tasks/');
}

function sizeOf(envelope: Envelope): number {
  const event = envelope.event;
  const strings = envelope.topic.length + envelope.namespace.length + (event?.typeUrl.length ?? 0);
  return overhead + strings + (event?.value.length ?? 0);
}
