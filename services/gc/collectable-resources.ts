import type { Labels } from '../../pkg/labels/labels.ts';

/** A thing that lives in memory alone and that a lease or a label may keep. */
export interface CollectableResource {
  readonly namespace: string;
  readonly id: string;
  /** The lease that it was made under: it lives as long as the lease. */
  readonly lease?: string | undefined;
  /** Those named `containerd.io/gc.bref.<kind>` say as long as what it lives. */
  readonly labels?: Labels;
  /** Whether it needs nobody to keep it. One that a lease or a label is to keep says false. */
  readonly active: boolean;
  /** Removes this very thing, not another one that has got its id since. Idempotent. */
  remove(): void | Promise<void>;
}

/**
 * Things of one kind that are collected though they have no record. Labels `containerd.io/gc.ref.<kind>[.<any>]` refer to them by id;
 * they refer to nothing themselves.
 */
export interface CollectableResources {
  /** A word such as `stream`, none of those of the records (`content`, `snapshot`, `image`, …). */
  readonly kind: string;
  /** All that there are now. */
  list(): Iterable<CollectableResource>;
}
