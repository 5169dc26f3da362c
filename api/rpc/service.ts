import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { RequestContext } from './request-context.ts';

/** A message's codec as the generator writes it. */
export interface MessageCodec<T> {
  /** Appends to `writer` where one is given, and returns it. */
  encode(message: T, writer?: BinaryWriter): { finish(): Uint8Array };
  decode(input: Uint8Array): T;
}

/** A method as the generator describes it. */
export interface MethodDefinition {
  readonly name: string;
  readonly requestType: MessageCodec<never> | MessageCodec<unknown>;
  readonly requestStream: boolean;
  readonly responseType: MessageCodec<never> | MessageCodec<unknown>;
  readonly responseStream: boolean;
}

/** A service as the generator describes it: one definition for gRPC and ttrpc. */
export interface ServiceDefinition {
  readonly name: string;
  readonly fullName: string;
  readonly methods: Readonly<Record<string, MethodDefinition>>;
}

type Message<C> = C extends { decode(input: Uint8Array): infer T } ? T : never;

/** What serves one method, by its kind of streaming. */
export type MethodHandler<M extends MethodDefinition> = (
  request: M['requestStream'] extends true ? AsyncIterable<Message<M['requestType']>> : Message<M['requestType']>,
  context: RequestContext,
) => M['responseStream'] extends true
  ? AsyncIterable<Message<M['responseType']>>
  : Promise<Message<M['responseType']>> | Message<M['responseType']>;

/** The handlers of a service; a method without one answers `Unimplemented` with its name. */
export type ServiceHandlers<D extends ServiceDefinition> = {
  readonly [K in keyof D['methods']]?: MethodHandler<D['methods'][K]>;
};

/** A definition with its handlers: what a plugin of type `io.containerd.grpc.v1` exports for the listener. */
export interface RpcService {
  readonly definition: ServiceDefinition;
  readonly handlers: Readonly<Record<string, (request: never, context: RequestContext) => unknown>>;
}

/** Joins a definition and its handlers, with their types checked against each other. */
export function rpcService<D extends ServiceDefinition>(definition: D, handlers: ServiceHandlers<D>): RpcService {
  return { definition, handlers: handlers as RpcService['handlers'] };
}
