import { randomUUID } from 'node:crypto';
import { LeasesDefinition } from '../../api/gen/containerd/services/leases/v1/leases.ts';
import { rpcClient } from '../../api/rpc/rpc-client.ts';
import type { RpcTransport } from '../../api/rpc/rpc-transport.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import { LeasedTransport } from './leased-transport.ts';

/** Two new namespaces of a daemon, what is made in which through the transport is kept from garbage collection. */
export interface LeasedNamespaces {
  readonly transport: RpcTransport;
  readonly scope: Scope;
  readonly other: Scope;
}

/** Makes {@link LeasedNamespaces}. */
export async function leasedNamespaces(transport: RpcTransport): Promise<LeasedNamespaces> {
  const client = rpcClient(transport, LeasesDefinition);
  const namespace = `suite-${randomUUID()}`;
  const leases = new Map<string, string>();
  for (const name of [namespace, `${namespace}-other`]) {
    const { lease } = await client.create({ id: '', labels: new Map() }, { namespace: name });
    leases.set(name, lease?.id ?? '');
  }
  const leased = new LeasedTransport(transport, leases);
  return { transport: leased, scope: { namespace }, other: { namespace: `${namespace}-other` } };
}
