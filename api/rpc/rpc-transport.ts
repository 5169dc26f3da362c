import type { CallOptions } from './call-options.ts';
import type { MessageCodec } from './service.ts';

/** A method as a transport calls it. */
export interface CalledMethod {
  /** The service's full name. */
  readonly service: string;
  readonly name: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestCodec: MessageCodec<unknown>;
  readonly responseCodec: MessageCodec<unknown>;
}

/** What carries calls to a peer. */
export interface RpcTransport {
  /**
   * Starts a call at once. The iterator gives the responses, then ends or throws a KindError; its `return` cancels the call.
   * @param request one message, or an AsyncIterable of messages when the method streams requests
   */
  call(method: CalledMethod, request: unknown, options?: CallOptions): AsyncIterableIterator<unknown, undefined>;
}
