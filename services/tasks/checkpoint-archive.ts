import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { Any } from '../../api/gen/google/protobuf/any.ts';
import { digestOf } from '../../pkg/digest/digest-of.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Mount } from '../../pkg/mounts/mount.ts';
import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import { removeTree } from '../../pkg/sys/remove-tree.ts';
import type { ContentStore } from '../content/content-store.ts';
import type { DiffService } from '../diff/diff-service.ts';

/** containerd's types of what a checkpoint is made of: CRIU's images in a tar, and the container's spec. */
const imagesType = 'application/vnd.containerd.container.criu.checkpoint.criu.tar';
const configType = 'application/vnd.containerd.container.checkpoint.config.v1+proto';
/** What they are to the differ. */
const tarType = 'application/vnd.oci.image.layer.v1.tar';

/** What the archive stands on. */
export interface CheckpointParts {
  readonly content: ContentStore;
  /** Asked for when it is needed: tasks run without a differ. */
  readonly differ: () => DiffService;
  /** For checkpoints on their way into the content store; survives a reboot, as they are too large for memory. */
  readonly directory: string;
}

/**
 * Keeps checkpoints as content, in containerd's form. Needs root.
 *
 * The blobs belong to the caller's lease, if there is one; to outlive it they have to be referenced like all content.
 */
export class CheckpointArchive {
  readonly #parts: CheckpointParts;

  constructor(parts: CheckpointParts) {
    this.#parts = parts;
  }

  /** Removes what a daemon that was killed left on the way. */
  async reconcile(): Promise<void> {
    await removeTree(this.#parts.directory);
  }

  /**
   * Takes a checkpoint: `take` writes its images to an empty directory.
   * @returns the images and the spec, as an Any, in this order.
   */
  async keep(
    scope: Scope,
    spec: Any | undefined,
    take: (directory: string) => Promise<void>,
  ): Promise<readonly Descriptor[]> {
    const { directory } = this.#parts;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const images = await mkdtemp(join(directory, 'checkpoint-'));
    try {
      await take(images);
      const tar = await this.#parts.differ().compare(scope, [], [bound(images, 'ro')], { mediaType: tarType });
      const config = await this.#keepBytes(scope, Any.encode(spec ?? Any.fromPartial({})).finish());
      return [{ mediaType: imagesType, digest: tar.digest, size: tar.size }, config];
    } finally {
      await removeTree(images);
    }
  }

  /**
   * Unpacks the images of a checkpoint to a directory.
   * @throws KindError `invalid-argument` when `checkpoint` is of another type, `not-found` when it is not there.
   */
  async unpack(scope: Scope, checkpoint: Descriptor, directory: string): Promise<void> {
    const { mediaType } = checkpoint;
    if (mediaType !== imagesType) {
      throw new KindError('invalid-argument', `unsupported checkpoint type ${JSON.stringify(mediaType)}`);
    }
    await this.#parts.differ().apply(scope, { ...checkpoint, mediaType: tarType }, [bound(directory, 'rw')]);
  }

  async #keepBytes(scope: Scope, bytes: Uint8Array): Promise<Descriptor> {
    const digest = digestOf(bytes);
    const descriptor = { mediaType: configType, digest, size: bytes.length };
    try {
      await using writer = await this.#parts.content.writer(scope, { ref: `checkpoint-${digest}`, expected: digest });
      await writer.truncate();
      await writer.write(bytes);
      await writer.commit(bytes.length, digest);
    } catch (error) {
      if (!(error instanceof KindError) || error.kind !== 'already-exists') throw error;
    }
    return descriptor;
  }
}

function bound(source: string, mode: 'ro' | 'rw'): Mount {
  return { type: 'bind', source, target: '', options: ['rbind', mode] };
}
