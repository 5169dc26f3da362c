import type { CallOptions } from '../../api/rpc/call-options.ts';
import type { Scope } from '../../pkg/scope/scope.ts';

/**
 * What goes along with a call to somebody else's socket: the namespace, and the signal that ends it. Leases stay here: whoever is behind
 * the socket knows none of ours.
 */
export function proxyCallOptions({ namespace, signal }: Scope): CallOptions {
  return { namespace, signal };
}
