import {
  LeasesDefinition,
  type Lease as LeaseMessage,
  type Resource,
} from '../../api/gen/containerd/services/leases/v1/leases.ts';
import { rpcService, type RpcService } from '../../api/rpc/service.ts';
import { toTimestamp } from '../../api/time/to-timestamp.ts';
import type { Lease, LeaseManager, LeaseResource } from './lease-manager.ts';

/** `containerd.services.leases.v1.Leases` over a lease manager. */
export function leasesGrpc(leases: LeaseManager): RpcService {
  return rpcService(LeasesDefinition, {
    async create({ id, labels }, context) {
      return { lease: encodeLease(await leases.create(context.scope(), id, labels)) };
    },
    async delete({ id, sync }, context) {
      await leases.delete(context.scope(), id, { sync });
      return {};
    },
    async list({ filters }, context) {
      return { leases: (await leases.list(context.scope(), filters)).map(encodeLease) };
    },
    async addResource({ id, resource }, context) {
      await leases.addResource(context.scope(), id, decodeResource(resource));
      return {};
    },
    async deleteResource({ id, resource }, context) {
      await leases.deleteResource(context.scope(), id, decodeResource(resource));
      return {};
    },
    async listResources({ id }, context) {
      return { resources: [...(await leases.listResources(context.scope(), id))] };
    },
  });
}

function encodeLease({ id, createdAt, labels }: Lease): LeaseMessage {
  return { id, createdAt: toTimestamp(createdAt), labels: new Map(labels) };
}

function decodeResource(resource: Resource | undefined): LeaseResource {
  return { type: resource?.type ?? '', id: resource?.id ?? '' };
}
