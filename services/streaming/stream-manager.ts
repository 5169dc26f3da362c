import type { Any } from '../../api/gen/google/protobuf/any.ts';
import type { Scope } from '../../pkg/scope/scope.ts';

/** One side of a stream of messages between a client and whoever serves its other call. */
export interface Stream {
  /**
   * The next message of the other side; undefined once that side has ended.
   * @throws the reason, when the other side is gone or the stream was closed here.
   */
  receive(): Promise<Any | undefined>;
  /**
   * Resolves once the transport has taken the message, so that who waits for it cannot overrun the other side.
   * @throws the reason, when the other side is gone or the stream was closed here.
   */
  send(message: Any): Promise<void>;
  /** Ends the stream once what was sent is with the transport; idempotent. */
  close(): void;
}

/**
 * Keeps the streams that clients have opened, under namespace and id, for the calls that name them.
 *
 * Life of a stream: the client opens it with an id of its choosing and gets a confirmation when it is kept here; it
 * then names the id in another call, whose server fetches it with `get`. It is forgotten when either side ends it.
 *
 * Errors: `not-found` for an unknown id, `already-exists` for one that is taken, `invalid-argument` for a bad one.
 *
 * @example
 * const progress = streams.get(scope, request.options.progressStream);
 */
export interface StreamManager {
  get(scope: Scope, id: string): Stream;
  /** Keeps a stream until what is returned is disposed. */
  register(scope: Scope, id: string, stream: Stream): Disposable;
}
