import { NamespacesDefinition } from '../../api/gen/containerd/services/namespaces/v1/namespaces.ts';
import { rpcService, type RpcService } from '../../api/rpc/service.ts';
import type { NamespaceStore } from './namespace-store.ts';

/** `containerd.services.namespaces.v1.Namespaces` over a namespace store. A list's filter is ignored, as containerd does. */
export function namespacesGrpc(store: NamespaceStore): RpcService {
  return rpcService(NamespacesDefinition, {
    async get({ name }) {
      return { namespace: { name, labels: new Map(await store.labels(name)) } };
    },
    async list() {
      const namespaces = await store.list();
      return { namespaces: namespaces.map(({ name, labels }) => ({ name, labels: new Map(labels) })) };
    },
    async create({ namespace }) {
      const { name, labels } = await store.create(namespace?.name ?? '', namespace?.labels ?? new Map());
      return { namespace: { name, labels: new Map(labels) } };
    },
    async update({ namespace, updateMask }) {
      await store.update(namespace?.name ?? '', namespace?.labels ?? new Map(), updateMask ?? []);
      // The answer is empty: containerd leaves its field unset.
      return { namespace: undefined };
    },
    async delete({ name }) {
      await store.delete(name);
      return {};
    },
  });
}
