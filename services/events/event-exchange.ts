import type { Any } from '../../api/gen/google/protobuf/any.ts';
import type { Envelope } from '../../api/gen/containerd/types/types.ts';

/**
 * One exchange for all events of the daemon and of the shims.
 *
 * `publish` stamps an event and hands it to everybody who subscribed before; `forward` does the same with an
 * envelope that somebody else has stamped. Neither waits for a subscriber: what waits for one is bounded by
 * bytes, and past that its subscription ends with `unavailable`, so that it subscribes anew.
 *
 * Errors: `invalid-argument` for a topic that does not begin with `/` or holds an invalid component, for a bad
 * namespace, and for a malformed filter.
 *
 * @example
 * exchange.publish('default', '/images/create', any);
 * for await (const envelope of exchange.subscribe(['topic~="^/tasks/"'], signal)) print(envelope);
 */
export interface EventExchange {
  publish(namespace: string, topic: string, event: Any): void;
  forward(envelope: Envelope): void;
  /** Subscribes at the call, not at the first `next`; ends when `signal` is aborted. */
  subscribe(filters: readonly string[], signal: AbortSignal): AsyncIterable<Envelope>;
}
