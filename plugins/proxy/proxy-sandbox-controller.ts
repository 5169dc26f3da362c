import type { Metric, Platform } from '../../api/gen/containerd/types/types.ts';
import { ControllerDefinition } from '../../api/gen/containerd/services/sandbox/v1/sandbox.ts';
import { rpcClient, type RpcClient } from '../../api/rpc/rpc-client.ts';
import type { RpcTransport } from '../../api/rpc/rpc-transport.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import { encodeSandbox } from '../../services/sandboxes/convert.ts';
import type {
  SandboxController,
  SandboxExit,
  SandboxSetup,
  SandboxStatus,
  StartedSandbox,
} from '../../services/sandboxes/sandbox-controller.ts';
import type { SandboxFields } from '../../services/sandboxes/sandbox-store.ts';
import type { ShimAddress } from '../../services/tasks/shim-address.ts';
import { proxyCallOptions } from './proxy-call-options.ts';

/**
 * A sandbox controller behind a socket: the Controller service as a controller. Where a sandbox's tasks are reached is known from its start, or
 * from the last time that somebody asked how it stands.
 */
export class ProxySandboxController implements SandboxController {
  readonly #client: RpcClient<typeof ControllerDefinition>;
  readonly #sandboxer: string;
  readonly #endpoints = new Map<string, ShimAddress>();

  /** @param sandboxer what the calls name */
  constructor(transport: RpcTransport, sandboxer: string) {
    this.#client = rpcClient(transport, ControllerDefinition);
    this.#sandboxer = sandboxer;
  }

  async create(scope: Scope, sandbox: SandboxFields, setup: SandboxSetup): Promise<void> {
    const { rootfs, options, netnsPath, annotations } = setup;
    const request = {
      ...this.#named(sandbox.id),
      ...{ rootfs: rootfs.map((mount) => ({ ...mount, options: [...mount.options] })), options, netnsPath },
      ...{ annotations: new Map(annotations), sandbox: encodeFields(sandbox) },
    };
    await this.#client.create(request, proxyCallOptions(scope));
  }

  async start(scope: Scope, id: string): Promise<StartedSandbox> {
    const started = await this.#client.start(this.#named(id), proxyCallOptions(scope));
    this.#remember(scope.namespace, id, started);
    const { pid, createdAt, labels, spec } = started;
    return { id, pid, createdAt, labels, spec };
  }

  async platform(scope: Scope, id: string): Promise<Platform> {
    const { platform } = await this.#client.platform(this.#named(id), proxyCallOptions(scope));
    if (!platform) throw new KindError('internal', `sandboxer ${this.#sandboxer} told no platform of "${id}"`);
    return platform;
  }

  async stop(scope: Scope, id: string, seconds: number): Promise<void> {
    await this.#client.stop({ ...this.#named(id), timeoutSecs: seconds }, proxyCallOptions(scope));
  }

  async wait(scope: Scope, id: string): Promise<SandboxExit> {
    const { exitStatus, exitedAt } = await this.#client.wait(this.#named(id), proxyCallOptions(scope));
    return { exitStatus, exitedAt };
  }

  async status(scope: Scope, id: string, verbose: boolean): Promise<SandboxStatus> {
    const status = await this.#client.status({ ...this.#named(id), verbose }, proxyCallOptions(scope));
    this.#remember(scope.namespace, id, status);
    const { pid, state, info, createdAt, exitedAt, extra } = status;
    return { id, pid, state, info, createdAt, exitedAt, extra };
  }

  async shutdown(scope: Scope, id: string): Promise<void> {
    await this.#client.shutdown(this.#named(id), proxyCallOptions(scope));
    this.#endpoints.delete(`${scope.namespace}/${id}`);
  }

  async metrics(scope: Scope, id: string): Promise<Metric | undefined> {
    return (await this.#client.metrics(this.#named(id), proxyCallOptions(scope))).metrics;
  }

  async update(scope: Scope, sandbox: SandboxFields, paths: readonly string[]): Promise<void> {
    const request = { ...this.#named(sandbox.id), sandbox: encodeFields(sandbox), fields: [...paths] };
    await this.#client.update(request, proxyCallOptions(scope));
  }

  endpoint(namespace: string, id: string): ShimAddress | undefined {
    return this.#endpoints.get(`${namespace}/${id}`);
  }

  #named(sandboxId: string) {
    return { sandboxId, sandboxer: this.#sandboxer };
  }

  #remember(namespace: string, id: string, told: { readonly address: string; readonly version: number }): void {
    if (told.address === '') return;
    // `ttrpc+unix:///path`: what is spoken there, then the address itself.
    const [, protocol = 'ttrpc', address = ''] = /^(?:(ttrpc|grpc)\+)?(.*)$/.exec(told.address) ?? [];
    this.#endpoints.set(`${namespace}/${id}`, { protocol, address, version: told.version });
  }
}

function encodeFields(sandbox: SandboxFields) {
  return encodeSandbox({ ...sandbox, createdAt: 0n, updatedAt: 0n });
}
