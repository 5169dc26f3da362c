import type { Envelope } from '../../api/gen/containerd/types/types.ts';
import type { Any } from '../../api/gen/google/protobuf/any.ts';
import type { Timestamp } from '../../api/gen/google/protobuf/timestamp.ts';
import { compileFilters } from '../../pkg/filters/compile-filters.ts';
import { nowNanoseconds } from '../../pkg/time/now-nanoseconds.ts';
import { eventFields } from './event-fields.ts';
import type { EventExchange } from './event-exchange.ts';
import { Subscription, type QueueLimits } from './subscription.ts';
import { validateEnvelope } from './validate-envelope.ts';

const mebibyte = 1024 * 1024;

/** Some tens of thousands of events: more than any burst, little enough for a dozen dead subscribers. */
const defaultLimits: QueueLimits = { others: 4 * mebibyte, tasks: 8 * mebibyte };

type Filter = ReturnType<typeof compileFilters>;

/** The exchange of one daemon, in memory. */
export class Exchange implements EventExchange {
  readonly #limits: QueueLimits;
  readonly #subscribers = new Map<Subscription, Filter>();

  constructor(limits = defaultLimits) {
    this.#limits = limits;
  }

  publish(namespace: string, topic: string, event: Any): void {
    this.forward({ timestamp: now(), namespace, topic, event });
  }

  forward(envelope: Envelope): void {
    validateEnvelope(envelope);
    if (this.#subscribers.size === 0) return;
    const fields = eventFields(envelope);
    let kept: Envelope | undefined;
    for (const [subscription, matches] of this.#subscribers) {
      if (matches(fields)) subscription.push((kept ??= detached(envelope)));
    }
  }

  subscribe(filters: readonly string[], signal: AbortSignal): AsyncIterable<Envelope> {
    const filter = compileFilters(filters);
    const subscription = new Subscription(this.#limits, signal, (closed) => this.#subscribers.delete(closed));
    if (!signal.aborted) this.#subscribers.set(subscription, filter);
    return subscription;
  }
}

function now(): Timestamp {
  const nanoseconds = nowNanoseconds();
  return { seconds: nanoseconds / 1_000_000_000n, nanos: Number(nanoseconds % 1_000_000_000n) };
}

/**
 * A decoded event's bytes are a view of the frame that they came in, which may be many times larger; what may wait
 * for a subscriber keeps no frame alive.
 */
function detached(envelope: Envelope): Envelope {
  const { event } = envelope;
  if (!event || event.value.byteLength === event.value.buffer.byteLength) return envelope;
  return { ...envelope, event: { typeUrl: event.typeUrl, value: new Uint8Array(event.value) } };
}
