import { MountsDefinition } from '../../api/gen/containerd/services/mounts/v1/mounts.ts';
import type { ActivationInfo } from '../../api/gen/containerd/types/types.ts';
import { rpcService, type RpcService } from '../../api/rpc/service.ts';
import { toTimestamp } from '../../api/time/to-timestamp.ts';
import type { Mount } from '../../pkg/mounts/mount.ts';
import type { Activation, MountManager } from './mount-manager.ts';

/** `containerd.services.mounts.v1.Mounts` over a mount manager; `Update` is nobody's yet. */
export function mountsGrpc(manager: MountManager): RpcService {
  return rpcService(MountsDefinition, {
    async activate({ name, mounts, labels, temporary }, context) {
      return { info: toMessage(await manager.activate(context.scope(), name, mounts, { labels, temporary })) };
    },
    async deactivate({ name }, context) {
      await manager.deactivate(context.scope(), name);
      return {};
    },
    info: async ({ name }, context) => ({ info: toMessage(await manager.info(context.scope(), name)) }),
    async *list({ filters }, context) {
      for (const activation of await manager.list(context.scope(), filters)) yield { info: toMessage(activation) };
    },
  });
}

function toMessage({ name, active, system, labels }: Activation): ActivationInfo {
  return {
    name,
    active: active.map(({ mount, mountPoint, mountedAt }) => ({
      mount: mountMessage(mount),
      mountedAt: toTimestamp(mountedAt),
      mountPoint,
      data: new Map(),
    })),
    system: system.map(mountMessage),
    labels: new Map(labels),
  };
}

function mountMessage({ type, source, target, options }: Mount) {
  return { type, source, target, options: [...options] };
}
