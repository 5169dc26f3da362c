import type { Scope } from '../../pkg/scope/scope.ts';

/** Keeps what it lists from garbage collection. */
export interface Lease {
  readonly id: string;
  /** Nanoseconds since 1970. */
  readonly createdAt: bigint;
  readonly labels: ReadonlyMap<string, string>;
}

/** One thing that a lease lists: `type` is `content`, `ingests`, `images` or `snapshots/<snapshotter>`. */
export interface LeaseResource {
  readonly type: string;
  readonly id: string;
}

/**
 * Keeps leases. The things listed need not exist. `containerd.io/gc.expire` (RFC 3339) on a lease ends it.
 *
 * Errors: `not-found` for an unknown lease, `already-exists`, `invalid-argument` for a bad label, digest or filter,
 * `unimplemented` for a resource type that is not known.
 */
export interface LeaseManager {
  /** An empty id is replaced by a random one. */
  create(scope: Scope, id: string, labels: ReadonlyMap<string, string>): Promise<Lease>;
  /**
   * What only it kept goes with a later garbage collection.
   * @param options `sync`: wait until a collection has removed that
   */
  delete(scope: Scope, id: string, options?: { readonly sync?: boolean }): Promise<void>;
  list(scope: Scope, filters: readonly string[]): Promise<readonly Lease[]>;
  addResource(scope: Scope, id: string, resource: LeaseResource): Promise<void>;
  deleteResource(scope: Scope, id: string, resource: LeaseResource): Promise<void>;
  listResources(scope: Scope, id: string): Promise<readonly LeaseResource[]>;
}
