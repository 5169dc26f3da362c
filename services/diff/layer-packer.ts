import { randomBytes } from 'node:crypto';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { kindOf } from '../../pkg/errors/kind-of.ts';
import type { Mount } from '../../pkg/mounts/mount.ts';
import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { ContentStore, ContentWriter } from '../content/content-store.ts';
import { directTrees, readOnlyMounts } from './compared-trees.ts';
import type { CompareOptions } from './diff-service.ts';
import type { ExtractPool } from './extract-pool.ts';
import type { ComparedTrees, ExtractResult, PackLayer } from './extract-request.ts';
import { packingOf } from './layer-compression.ts';
import type { TemporaryMounts } from './temporary-mounts.ts';

const defaultType = 'application/vnd.oci.image.layer.v1.tar+gzip';
const uncompressed = 'containerd.io/uncompressed';

/**
 * Packs differences between trees into the content store, in worker threads: an overlay's upper directory is read on its own where
 * that is enough; otherwise both trees are walked, mounted for as long as it takes. Needs root.
 */
export class LayerPacker {
  readonly #content: ContentStore;
  readonly #pool: ExtractPool;
  readonly #mounts: TemporaryMounts;

  constructor(content: ContentStore, pool: ExtractPool, mounts: TemporaryMounts) {
    this.#content = content;
    this.#pool = pool;
    this.#mounts = mounts;
  }

  /** As `DiffService.compare`. */
  async pack(
    scope: Scope,
    left: readonly Mount[],
    right: readonly Mount[],
    options: CompareOptions = {},
  ): Promise<Descriptor> {
    const mediaType = options.mediaType || defaultType;
    const request: Omit<PackLayer, 'trees'> = {
      kind: 'pack',
      compression: packingOf(mediaType),
      limit: options.sourceDateEpoch,
    };
    const ref = options.ref || `diff-${process.hrtime.bigint()}-${randomBytes(3).toString('base64url')}`;
    try {
      await using writer = await this.#content.writer(scope, { ref });
      const { digest: diffId } = await this.#write(scope, writer, left, right, request);
      const labels = new Map([...(options.labels ?? []), [uncompressed, diffId]]);
      const digest = writer.digest();
      await writer.commit(0, digest, labels).catch((error: unknown) => {
        if (kindOf(error) !== 'already-exists') throw error;
      });
      return { mediaType, digest, size: await this.#label(scope, digest, diffId) };
    } catch (error) {
      if (!options.ref) await this.#abort(scope, ref);
      throw error;
    }
  }

  async #write(
    scope: Scope,
    writer: ContentWriter,
    left: readonly Mount[],
    right: readonly Mount[],
    request: Omit<PackLayer, 'trees'>,
  ): Promise<ExtractResult> {
    const run = async (trees: ComparedTrees): Promise<ExtractResult> => {
      if (writer.status().offset > 0) await writer.truncate();
      const onPiece = (bytes: Uint8Array): Promise<void> => writer.write(bytes);
      return await this.#pool.run({ ...request, trees }, scope.signal, { onPiece });
    };
    const direct = directTrees(left, right);
    const result = direct && (await run(direct));
    if (result && !result.unreadable) return result;
    // No mounts at all show an empty tree.
    return await this.#mounts.use(readOnlyMounts(left), (from) =>
      this.#mounts.use(readOnlyMounts(right), (to) => run({ kind: 'walk', left: from, right: to })),
    );
  }

  /** The blob's size. Gives a blob that was there before its label. */
  async #label(scope: Scope, digest: string, diffId: string): Promise<number> {
    const { labels, size } = await this.#content.info(scope, digest);
    if (!labels.has(uncompressed)) {
      const labelled = { digest, labels: new Map([[uncompressed, diffId]]) };
      await this.#content.update(scope, labelled, [`labels.${uncompressed}`]);
    }
    return size;
  }

  async #abort({ namespace }: Scope, ref: string): Promise<void> {
    try {
      // Without the signal: it has to be done after a cancellation, too.
      await this.#content.abort({ namespace }, ref);
    } catch (error) {
      if (!(error instanceof KindError) || error.kind !== 'not-found') throw error;
    }
  }
}
