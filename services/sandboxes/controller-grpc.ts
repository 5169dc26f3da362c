import { ControllerDefinition } from '../../api/gen/containerd/services/sandbox/v1/sandbox.ts';
import { rpcService, type RpcService } from '../../api/rpc/service.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { decodeSandbox } from './convert.ts';
import type { SandboxControllers } from './sandbox-controllers.ts';

/** `containerd.services.sandbox.v1.Controller` over the controllers there are. */
export function sandboxControllerGrpc(controllers: SandboxControllers): RpcService {
  return rpcService(ControllerDefinition, {
    async create({ sandboxId, sandbox, sandboxer, rootfs, options, netnsPath, annotations }, context) {
      const record = sandbox ? decodeSandbox(sandbox) : { ...decodeSandbox(undefined), id: sandboxId };
      const setup = { rootfs, options, netnsPath, annotations };
      await controllers.get(sandboxer).create(context.scope(), record, setup);
      return { sandboxId };
    },
    async start({ sandboxId, sandboxer }, context) {
      const { id, pid, createdAt, labels } = await controllers.get(sandboxer).start(context.scope(), sandboxId);
      // containerd tells address, version and spec to callers in its own process alone.
      return { sandboxId: id, pid, createdAt, labels: new Map(labels), address: '', version: 0, spec: undefined };
    },
    platform: async ({ sandboxId, sandboxer }, context) => ({
      platform: await controllers.get(sandboxer).platform(context.scope(), sandboxId),
    }),
    async stop({ sandboxId, sandboxer, timeoutSecs }, context) {
      await controllers.get(sandboxer).stop(context.scope(), sandboxId, timeoutSecs);
      return {};
    },
    wait: async ({ sandboxId, sandboxer }, context) => controllers.get(sandboxer).wait(context.scope(), sandboxId),
    async status({ sandboxId, sandboxer, verbose }, context) {
      const status = await controllers.get(sandboxer).status(context.scope(), sandboxId, verbose);
      const { id, info, extra, ...rest } = status;
      const nothing = { typeUrl: '', value: new Uint8Array() };
      return { ...rest, sandboxId: id, info: new Map(info), extra: extra ?? nothing, address: '', version: 0 };
    },
    async shutdown({ sandboxId, sandboxer }, context) {
      await controllers.get(sandboxer).shutdown(context.scope(), sandboxId);
      return {};
    },
    metrics: async ({ sandboxId, sandboxer }, context) => ({
      metrics: await controllers.get(sandboxer).metrics(context.scope(), sandboxId),
    }),
    async update({ sandboxId, sandboxer, sandbox, fields }, context) {
      if (!sandbox) throw new KindError('invalid-argument', `update of sandbox "${sandboxId}" without a sandbox`);
      const record = { ...decodeSandbox(sandbox), id: sandboxId };
      await controllers.get(sandboxer).update(context.scope(), record, fields);
      return {};
    },
  });
}
