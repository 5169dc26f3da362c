import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import type { Mount } from '../../pkg/mounts/mount.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { ApplyOptions } from './diff-service.ts';

/** A layer that was unpacked without knowledge of those beneath. */
export interface UnpackedLayer {
  readonly descriptor: Descriptor;
  /** Directories that the layer does not carry and that were made for it; to be handed to `settle`. Byte strings. */
  readonly implied: readonly string[];
}

/**
 * Unpacks the layers of an image side by side, each into a snapshot that was prepared without a parent.
 *
 * Life of a layer: `unpack` writes it into the mounts of such a snapshot. When the layers beneath are there, `settle`
 * gives the directories that the layer implied their looks, and then the snapshot is committed onto its parent. Only for
 * snapshotters with the capability `rebase`: whiteouts are written as overlayfs reads them.
 *
 * Errors: as {@link DiffService}; `invalid-argument` for mounts that are not admitted.
 */
export interface LayerUnpacker {
  /** Whether these mounts show a directory that holds one layer alone (an overlay's or a writable bind mount's). */
  canUnpack(mounts: readonly Mount[]): boolean;
  /** Whether `unpack` takes a layer while it arrives. */
  canFollow(diff: Descriptor): boolean;
  unpack(scope: Scope, diff: Descriptor, mounts: readonly Mount[], options?: ApplyOptions): Promise<UnpackedLayer>;
  /** @param parentMounts the mounts of a view of the parent; none for the lowest layer. Idempotent. */
  settle(layer: UnpackedLayer, mounts: readonly Mount[], parentMounts: readonly Mount[]): Promise<void>;
}
