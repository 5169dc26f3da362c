import type { CollectedBackend } from './collected-backend.ts';
import type { CollectableResources } from './collectable-resources.ts';

/**
 * Removes what nothing refers to: images and leases that have expired, blobs, ingests, snapshots, streams.
 *
 * Life of a collection: it begins some time after something was deleted, or when `collect` asks for it. First it *marks*: from the
 * roots (leases, images, containers, sandboxes, what carries a root label, open ingests) it follows targets, parents and the
 * labels `containerd.io/gc.*`. Then it *sweeps*: records that are not marked go, whoever refers before what is referred to, a few at a
 * time, each few in a transaction that sees every reference acknowledged until then; such a reference keeps what it names. Both run in
 * slices of about two milliseconds, between which requests are served. At last the backends that lost records delete files. A crash
 * anywhere in between leaves nothing that the next collection, or the next start, does not remove.
 *
 * What has no record in the database (streams, mounts) takes part through `registerResources`; what keeps files for
 * records through `registerBackend`.
 *
 * @example
 * await store.delete(scope, 'docker.io/library/busybox:1');
 * await collector.collect(scope.signal); // its blobs and snapshots are gone now
 */
export interface GarbageCollector {
  /**
   * Asks for a collection and waits for the end of one that began after this call, its files included.
   * @throws KindError `internal` when it failed, `unavailable` when the daemon stops; the signal's reason.
   */
  collect(signal?: AbortSignal): Promise<void>;
  /** @throws KindError `already-exists` for a kind that is there. */
  registerResources(resources: CollectableResources): Disposable;
  registerBackend(backend: CollectedBackend): Disposable;
}
