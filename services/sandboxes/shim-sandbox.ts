import { SandboxDefinition, type WaitSandboxResponse } from '../../api/gen/containerd/runtime/sandbox/v1/sandbox.ts';
import { rpcClient, type RpcClient } from '../../api/rpc/rpc-client.ts';
import type { Shim } from '../tasks/shim.ts';
import { untilAborted } from '../tasks/until-aborted.ts';

/** A shim that serves a sandbox. */
export class ShimSandbox {
  readonly shim: Shim;
  readonly client: RpcClient<typeof SandboxDefinition>;
  /** One for all who wait: the shim does not learn when somebody gives up. */
  #wait: Promise<WaitSandboxResponse> | undefined;

  constructor(shim: Shim) {
    this.shim = shim;
    this.client = rpcClient(shim.client.transport, SandboxDefinition);
  }

  get namespace(): string {
    return this.shim.bundle.namespace;
  }

  get id(): string {
    return this.shim.bundle.id;
  }

  /** Resolves when the sandbox has ended. Aborting gives up this caller's wait alone. */
  async wait(signal: AbortSignal | undefined): Promise<WaitSandboxResponse> {
    if (!this.#wait) {
      this.#wait = this.client.waitSandbox({ sandboxId: this.id }, { namespace: this.namespace });
      const forget = (): void => {
        this.#wait = undefined;
      };
      this.#wait.then(forget, forget);
    }
    return await untilAborted(this.#wait, signal);
  }
}
