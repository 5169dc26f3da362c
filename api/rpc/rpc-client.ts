import { KindError } from '../../pkg/errors/kind-error.ts';
import type { CallOptions } from './call-options.ts';
import type { CalledMethod, RpcTransport } from './rpc-transport.ts';
import type { MethodDefinition, ServiceDefinition } from './service.ts';

type Message<C> = C extends { decode(input: Uint8Array): infer T } ? T : never;

/** What calls one method, by its kind of streaming. */
export type MethodCaller<M extends MethodDefinition> = (
  request: M['requestStream'] extends true ? AsyncIterable<Message<M['requestType']>> : Message<M['requestType']>,
  options?: CallOptions,
) => M['responseStream'] extends true
  ? AsyncIterableIterator<Message<M['responseType']>, undefined>
  : Promise<Message<M['responseType']>>;

/** A service of a peer, called like an object. */
export type RpcClient<D extends ServiceDefinition> = {
  readonly [K in keyof D['methods']]: MethodCaller<D['methods'][K]>;
};

/**
 * Makes a service of a peer callable.
 *
 * Calls start at once and fail with a KindError of the peer's status. Leaving a stream of responses early
 * cancels the call.
 *
 * @example
 * const images = rpcClient(transport, ImagesDefinition);
 * const { image } = await images.get({ name }, { namespace: 'default' });
 */
export function rpcClient<D extends ServiceDefinition>(transport: RpcTransport, definition: D): RpcClient<D> {
  const callers = Object.entries(definition.methods).map(([key, method]) => [
    key,
    caller(transport, {
      service: definition.fullName,
      name: method.name,
      requestStream: method.requestStream,
      responseStream: method.responseStream,
      requestCodec: method.requestType,
      responseCodec: method.responseType,
    }),
  ]);
  return Object.fromEntries(callers) as RpcClient<D>;
}

function caller(transport: RpcTransport, method: CalledMethod) {
  if (method.responseStream) {
    return (request: unknown, options?: CallOptions) => transport.call(method, request, options);
  }
  return async (request: unknown, options?: CallOptions) => {
    const responses = transport.call(method, request, options);
    const first = await responses.next();
    // The status comes after the message.
    const second = first.done === true ? first : await responses.next();
    if (first.done !== true && second.done === true) return first.value;
    await responses.return?.();
    const what = first.done === true ? 'no response message' : 'more than one response message';
    throw new KindError('internal', `/${method.service}/${method.name}: ${what}`);
  };
}
