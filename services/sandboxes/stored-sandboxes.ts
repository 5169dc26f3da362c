import { kindOf } from '../../pkg/errors/kind-of.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { SandboxEndpoints } from '../tasks/sandbox-endpoints.ts';
import type { ShimAddress } from '../tasks/shim-address.ts';
import type { SandboxController } from './sandbox-controller.ts';
import type { SandboxStore } from './sandbox-store.ts';

/** The sandboxes that stores have records of, with the shims that controllers run them in. */
export class StoredSandboxes implements SandboxEndpoints {
  readonly #stores: readonly SandboxStore[];
  readonly #controllers: readonly SandboxController[];

  constructor(stores: ReadonlyMap<string, SandboxStore>, controllers: ReadonlyMap<string, SandboxController>) {
    this.#stores = [...stores.values()];
    this.#controllers = [...controllers.values()];
  }

  async isKnown(scope: Scope, id: string): Promise<boolean> {
    for (const store of this.#stores) if (await has(store, scope, id)) return true;
    return false;
  }

  endpoint(namespace: string, id: string): ShimAddress | undefined {
    for (const controller of this.#controllers) {
      const address = controller.endpoint(namespace, id);
      if (address) return address;
    }
    return undefined;
  }
}

async function has(store: SandboxStore, scope: Scope, id: string): Promise<boolean> {
  try {
    await store.get(scope, id);
    return true;
  } catch (error) {
    if (kindOf(error) === 'not-found') return false;
    throw error;
  }
}
