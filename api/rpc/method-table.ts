import { KindError } from '../../pkg/errors/kind-error.ts';
import type { RequestContext } from './request-context.ts';
import type { MessageCodec, RpcService } from './service.ts';

/** A method ready to be called: codecs and handler side by side, the handler's types forgotten. */
export interface ServedMethod {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestCodec: MessageCodec<unknown>;
  readonly responseCodec: MessageCodec<unknown>;
  readonly handler: (request: unknown, context: RequestContext) => unknown;
}

/** Finds what serves a method by the names on the wire. */
export class MethodTable {
  readonly #services = new Map<string, ReadonlyMap<string, ServedMethod | undefined>>();

  /** @throws KindError `already-exists` when two services carry one name. */
  constructor(services: Iterable<RpcService>) {
    for (const service of services) {
      const { fullName } = service.definition;
      if (this.#services.has(fullName)) throw new KindError('already-exists', `service "${fullName}"`);
      this.#services.set(fullName, methodsOf(service));
    }
  }

  /** @throws KindError `unimplemented`, naming what is not served. */
  find(service: string, method: string): ServedMethod {
    const methods = this.#services.get(service);
    if (methods === undefined) throw new KindError('unimplemented', `unknown service ${service} (method ${method})`);
    const served = methods.get(method);
    if (served !== undefined) return served;
    const what = methods.has(method) ? 'method' : 'unknown method';
    throw new KindError('unimplemented', `${what} ${method} for service ${service}`);
  }
}

function methodsOf({ definition, handlers }: RpcService): ReadonlyMap<string, ServedMethod | undefined> {
  const methods = new Map<string, ServedMethod | undefined>();
  for (const [key, method] of Object.entries(definition.methods)) {
    const handler = Object.hasOwn(handlers, key) ? handlers[key] : undefined;
    methods.set(
      method.name,
      handler && {
        path: `/${definition.fullName}/${method.name}`,
        requestStream: method.requestStream,
        responseStream: method.responseStream,
        requestCodec: method.requestType,
        responseCodec: method.responseType,
        handler: handler.bind(handlers) as ServedMethod['handler'],
      },
    );
  }
  return methods;
}
