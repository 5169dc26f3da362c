import type { CallOptions } from '../../api/rpc/call-options.ts';
import type { CalledMethod, RpcTransport } from '../../api/rpc/rpc-transport.ts';

/** Adds a namespace's lease to its calls, so that a garbage collection does not take what a test has just made. */
export class LeasedTransport implements RpcTransport {
  readonly #transport: RpcTransport;
  readonly #leases: ReadonlyMap<string, string>;

  /** @param leases by namespace */
  constructor(transport: RpcTransport, leases: ReadonlyMap<string, string>) {
    this.#transport = transport;
    this.#leases = leases;
  }

  call(method: CalledMethod, request: unknown, options: CallOptions = {}): AsyncIterableIterator<unknown, undefined> {
    const lease = this.#leases.get(options.namespace ?? '');
    return this.#transport.call(method, request, { ...options, lease });
  }
}
