import { kindOf } from '../../pkg/errors/kind-of.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Mount } from '../../pkg/mounts/mount.ts';
import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { ApplyOptions, CompareOptions, DiffService } from './diff-service.ts';

/** Several differs as one: each is asked in turn until one knows what to do with the layer (does not answer `unimplemented`). */
export class OrderedDiffers implements DiffService {
  readonly #differs: readonly DiffService[];

  constructor(differs: readonly DiffService[]) {
    this.#differs = differs;
  }

  apply(scope: Scope, diff: Descriptor, mounts: readonly Mount[], options?: ApplyOptions): Promise<Descriptor> {
    return this.#first((differ) => differ.apply(scope, diff, mounts, options));
  }

  compare(
    scope: Scope,
    left: readonly Mount[],
    right: readonly Mount[],
    options?: CompareOptions,
  ): Promise<Descriptor> {
    return this.#first((differ) => differ.compare(scope, left, right, options));
  }

  /** Whoever is asked first can be sure that there is no second: the others want the layer in the store. */
  canFollow(diff: Descriptor): boolean {
    return this.#differs[0]?.canFollow?.(diff) ?? false;
  }

  async #first(ask: (differ: DiffService) => Promise<Descriptor>): Promise<Descriptor> {
    let refusal: unknown = new KindError('unimplemented', 'no differ is configured');
    for (const differ of this.#differs) {
      try {
        return await ask(differ);
      } catch (error) {
        if (kindOf(error) !== 'unimplemented') throw error;
        refusal = error;
      }
    }
    throw refusal;
  }
}
