import { StoreDefinition } from '../../api/gen/containerd/services/sandbox/v1/sandbox.ts';
import { rpcService, type RpcService } from '../../api/rpc/service.ts';
import { decodeSandbox, encodeSandbox } from './convert.ts';
import type { SandboxStore } from './sandbox-store.ts';

/** `containerd.services.sandbox.v1.Store` over a sandbox store. */
export function sandboxStoreGrpc(store: SandboxStore): RpcService {
  return rpcService(StoreDefinition, {
    async create({ sandbox }, context) {
      return { sandbox: encodeSandbox(await store.create(context.scope(), decodeSandbox(sandbox))) };
    },
    async update({ sandbox, fields }, context) {
      return { sandbox: encodeSandbox(await store.update(context.scope(), decodeSandbox(sandbox), fields)) };
    },
    async delete({ sandboxId }, context) {
      await store.delete(context.scope(), sandboxId);
      return {};
    },
    async list({ filters }, context) {
      return { list: (await store.list(context.scope(), filters)).map(encodeSandbox) };
    },
    async get({ sandboxId }, context) {
      return { sandbox: encodeSandbox(await store.get(context.scope(), sandboxId)) };
    },
  });
}
