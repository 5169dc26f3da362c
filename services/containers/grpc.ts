import { ContainersDefinition } from '../../api/gen/containerd/services/containers/v1/containers.ts';
import { rpcService, type RpcService } from '../../api/rpc/service.ts';
import type { ContainerStore } from './container-store.ts';
import { decodeContainer, encodeContainer } from './convert.ts';

/** `containerd.services.containers.v1.Containers` over a container store. */
export function containersGrpc(store: ContainerStore): RpcService {
  return rpcService(ContainersDefinition, {
    async get({ id }, context) {
      return { container: encodeContainer(await store.get(context.scope(), id)) };
    },
    async list({ filters }, context) {
      return { containers: (await store.list(context.scope(), filters)).map(encodeContainer) };
    },
    async *listStream({ filters }, context) {
      for (const container of await store.list(context.scope(), filters))
        yield { container: encodeContainer(container) };
    },
    async create({ container }, context) {
      return { container: encodeContainer(await store.create(context.scope(), decodeContainer(container))) };
    },
    async update({ container, updateMask }, context) {
      const updated = await store.update(context.scope(), decodeContainer(container), updateMask ?? []);
      return { container: encodeContainer(updated) };
    },
    async delete({ id }, context) {
      await store.delete(context.scope(), id);
      return {};
    },
  });
}
