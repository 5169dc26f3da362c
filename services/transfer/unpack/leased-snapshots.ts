import { kindOf } from '../../../pkg/errors/kind-of.ts';
import type { Logger } from '../../../pkg/log/logger.ts';
import type { Snapshotter } from '../../../snapshotters/snapshotter.ts';
import type { LeaseManager } from '../../leases/lease-manager.ts';
import type { LeasedScope } from '../with-lease.ts';

/** One snapshotter's snapshots, as one unpack under a lease sees them. */
export class LeasedSnapshots {
  readonly scope: LeasedScope;
  readonly snapshotter: Snapshotter;
  readonly #name: string;
  readonly #leases: LeaseManager;
  readonly #log: Logger;

  constructor(
    scope: LeasedScope,
    target: { readonly name: string; readonly snapshotter: Snapshotter },
    services: { readonly leases: LeaseManager; readonly log: Logger },
  ) {
    this.scope = scope;
    this.snapshotter = target.snapshotter;
    this.#name = target.name;
    this.#leases = services.leases;
    this.#log = services.log;
  }

  /** Whether a snapshot is there; then it is under the lease. */
  async exists(name: string): Promise<boolean> {
    try {
      await this.snapshotter.stat(this.scope, name);
      await this.#leases.addResource(this.scope, this.scope.lease, { type: `snapshots/${this.#name}`, id: name });
      // Once more now that it is listed: garbage collection may have come between.
      await this.snapshotter.stat(this.scope, name);
      return true;
    } catch (error) {
      if (kindOf(error) === 'not-found') return false;
      throw error;
    }
  }

  /** How many of a chain's snapshots, from the base up, are there; those are under the lease. */
  async existing(chain: readonly string[]): Promise<number> {
    for (let count = chain.length; count > 0; count--) {
      if (await this.exists(chain[count - 1] ?? '')) return count;
    }
    return 0;
  }

  /** Removes a snapshot that is of no use; never throws, works after an abort too. */
  async discard(key: string): Promise<void> {
    const { namespace, lease } = this.scope;
    try {
      await this.snapshotter.remove({ namespace, lease }, key);
    } catch (error) {
      if (kindOf(error) !== 'not-found') this.#log.error('failed to remove a snapshot', { key, error });
    }
  }
}
