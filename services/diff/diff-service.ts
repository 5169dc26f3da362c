import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import type { Mount } from '../../pkg/mounts/mount.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { ArrivingLayer } from './arriving-layer.ts';

/** How to apply a layer. */
export interface ApplyOptions {
  /** Flush the filesystem before answering, so that the files survive a power cut. */
  readonly syncFs?: boolean;
  /** The caller flushes the filesystem himself, soon: files are written to disk meanwhile. */
  readonly flushedSoon?: boolean;
  /** Called now and then with the number of compressed bytes that were consumed. */
  readonly onProgress?: (bytes: number) => void;
  /** The caller compares the digest that comes of it: no other check of the uncompressed bytes is needed. */
  readonly comparesDigest?: boolean;
  /** The layer is not in the content store yet: only for a differ that says of it that it `canFollow`. */
  readonly arriving?: ArrivingLayer;
  /** For stream processors, by their names: encoded `google.protobuf.Any`. */
  readonly payloads?: ReadonlyMap<string, Uint8Array>;
}

/** How to make a layer. */
export interface CompareOptions {
  /** Of the layer; a gzipped OCI layer when empty. */
  readonly mediaType?: string;
  /** The ingest to write by; one of its own when empty. */
  readonly ref?: string;
  /** Of the blob that comes of it. */
  readonly labels?: ReadonlyMap<string, string>;
  /** No file's time in the layer is later. */
  readonly sourceDateEpoch?: { readonly seconds: number; readonly nanoseconds: number } | undefined;
}

/**
 * Turns layers into files and files into layers.
 *
 * `apply` unpacks the layer that `diff` names, read from the content store, into the tree that `mounts` show
 * and resolves with the descriptor of the uncompressed tar: its digest is the layer's diff id. A layer that
 * tries to leave the tree is contained or refused with `invalid-argument`; a truncated one is refused. A media type that
 * we do not read goes through the stream processors of the configuration; `unimplemented` when none accepts it. After
 * an error the tree may hold part of the layer, and the caller removes the snapshot.
 *
 * `compare` is the way back: it writes what the tree of `right` has over that of `left` as a layer into the content store, with
 * the label `containerd.io/uncompressed`, and resolves with its descriptor. Applied to the left tree it gives the right one. The
 * trees are only read; they must not change meanwhile. The same trees give the same bytes. `unimplemented` for a media type
 * that is no layer we can pack. After an error no blob was added, and no ingest unless the caller named it.
 *
 * @example
 * const layer = await differ.compare(scope, await snapshotter.view(scope, 'below', parent), await snapshotter.mounts(scope, key));
 * await differ.apply(scope, layer, await snapshotter.prepare(scope, 'again', parent));
 */
export interface DiffService {
  apply(scope: Scope, diff: Descriptor, mounts: readonly Mount[], options?: ApplyOptions): Promise<Descriptor>;
  compare(scope: Scope, left: readonly Mount[], right: readonly Mount[], options?: CompareOptions): Promise<Descriptor>;
  /** Whether `apply` takes a layer while it arrives; missing: never. */
  canFollow?(diff: Descriptor): boolean;
}
