import { KindError } from '../../pkg/errors/kind-error.ts';
import { kindOf } from '../../pkg/errors/kind-of.ts';
import { KeyedMutex } from '../../pkg/keyed-mutex/keyed-mutex.ts';
import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import { maxDocumentSize } from '../../pkg/oci/json-object.ts';
import { mediaKind } from '../../pkg/oci/media-types.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import { Semaphore } from '../../pkg/semaphore/semaphore.ts';
import type { ContentStore, ContentWriter } from '../content/content-store.ts';
import type { FollowBlob } from './blob-arrival.ts';
import { addDistributionSource, distributionSource } from './content-labels.ts';
import { lockKey } from './lock-key.ts';
import type { ProgressTracker } from './progress-tracker.ts';
import { type RangeOptions, remotePieces } from './ranged-body.ts';
import { refKey } from './ref-key.ts';
import type { Registry } from './registry/registry.ts';
import { backOff, type RetryPolicy } from './registry/retry-policy.ts';

/** Indexes, manifests and configurations that are fetched at once, by all pulls. */
const maxDocuments = 16;

/** Ranges below this size are not worth their requests (containerd's limit). */
const minRange = 512;

/** How downloads go. */
export interface DownloadOptions {
  /** Of all pulls. */
  readonly maxConcurrent: number;
  /** Bytes of the ranges that a large blob is fetched in, `maxConcurrent` at once; 0 to fetch it in one go. */
  readonly rangeSize: number;
  readonly retry: RetryPolicy;
}

/** A body that breaks off is taken up again this often at most, even when each try brings some bytes. */
const maxOpenings = 100;

/**
 * Brings blobs from registries into the content store. A blob that is there is not fetched; one that breaks off is
 * resumed, now by a range and later by its ingest; one that is not its digest is thrown away.
 */
export class BlobDownloader {
  readonly #content: ContentStore;
  readonly #limit: Semaphore;
  readonly #documents = new Semaphore(maxDocuments);
  readonly #ranges: RangeOptions | undefined;
  readonly #retry: RetryPolicy;
  /** Two pulls that want the same blob fetch it once. */
  readonly #underway = new KeyedMutex();

  constructor(content: ContentStore, { maxConcurrent, rangeSize, retry }: DownloadOptions) {
    this.#content = content;
    this.#limit = new Semaphore(maxConcurrent);
    const inRanges = rangeSize > minRange && maxConcurrent > 1;
    this.#ranges = inRanges ? { size: rangeSize, count: maxConcurrent } : undefined;
    this.#retry = retry;
  }

  /**
   * Resolves when the blob is there, labelled with where it can be had. `begun` is called when it is not, and is about to be fetched; the
   * bytes of the file that it gives have not been verified before.
   */
  async download(
    scope: Scope,
    descriptor: Descriptor,
    registry: Registry,
    tracker: ProgressTracker,
    begun: (follow: FollowBlob) => void = () => undefined,
  ): Promise<void> {
    const kind = mediaKind(descriptor.mediaType);
    const isDocument = kind === 'index' || kind === 'manifest' || kind === 'config';
    if (descriptor.size <= 0)
      throw new KindError('invalid-argument', `${descriptor.digest}: its descriptor has no size`);
    if (isDocument && descriptor.size > maxDocumentSize) {
      throw new KindError(
        'invalid-argument',
        `${descriptor.digest}: a ${kind} of ${descriptor.size} bytes is too large`,
      );
    }
    using _alone = await lockKey(this.#underway, `${scope.namespace}/${descriptor.digest}`, scope.signal);
    await using writer = await this.#open(scope, descriptor);
    if (writer === undefined) {
      tracker.exists(descriptor);
      await addDistributionSource(this.#content, scope, descriptor.digest, registry.reference);
      return;
    }
    try {
      // Documents do not wait behind large layers, nor do downloads for the flush of the one before.
      using _permit = await (isDocument ? this.#documents : this.#limit).acquire(scope.signal);
      begun(async () => await writer.follow?.());
      await this.#fill(writer, scope, descriptor, registry, tracker);
    } catch (error) {
      if (error instanceof WrongContent) await this.#throwAway(writer, scope, descriptor);
      else await this.#keep(writer, scope, descriptor);
      throw error;
    }
    await commit(writer, descriptor, distributionSource(registry.reference));
    tracker.complete(descriptor);
  }

  /** Opens the ingest; undefined when the blob is there. Another writer, such as a client's own pull, is waited for. */
  async #open(scope: Scope, descriptor: Descriptor): Promise<ContentWriter | undefined> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#content.writer(scope, {
          ref: refKey(descriptor),
          total: descriptor.size,
          expected: descriptor.digest,
        });
      } catch (error) {
        if (kindOf(error) === 'already-exists') return undefined;
        if (kindOf(error) !== 'unavailable') throw error;
        // The other writer may take as long as a pull takes; our caller's deadline bounds the wait.
        await backOff({ ...this.#retry, maxDelay: 1000 }, Math.min(attempt, 8), undefined, scope.signal);
      }
    }
  }

  async #fill(
    writer: ContentWriter,
    scope: Scope,
    descriptor: Descriptor,
    registry: Registry,
    tracker: ProgressTracker,
  ): Promise<void> {
    const resumed = writer.status().offset > 0;
    if (writer.status().offset > descriptor.size) await writer.truncate();
    await this.#fetchRest(writer, scope, descriptor, registry, tracker);
    if (resumed && writer.digest() !== descriptor.digest) {
      // What was there before may be at fault: once more from the start.
      await writer.truncate();
      await this.#fetchRest(writer, scope, descriptor, registry, tracker);
    }
    const digest = writer.digest();
    if (digest !== descriptor.digest) {
      throw new WrongContent(
        `${refKey(descriptor)}: unexpected commit digest ${digest}, expected ${descriptor.digest}`,
      );
    }
  }

  async #fetchRest(
    writer: ContentWriter,
    scope: Scope,
    descriptor: Descriptor,
    registry: Registry,
    tracker: ProgressTracker,
  ): Promise<void> {
    let failures = 0;
    for (let opening = 1; writer.status().offset < descriptor.size; opening++) {
      const before = writer.status().offset;
      try {
        await copyBody(writer, scope, descriptor, registry, tracker, this.#ranges);
      } catch (error) {
        scope.signal?.throwIfAborted();
        failures = writer.status().offset > before ? 1 : failures + 1;
        if (kindOf(error) !== 'unavailable' || failures >= this.#retry.tries || opening >= maxOpenings) {
          throw named(error, descriptor);
        }
        await backOff(this.#retry, failures, undefined, scope.signal);
      }
    }
  }

  /**
   * Leaves what is there to be resumed: opened once more outside the pull's lease, which is about to go, the ingest lives on for as
   * long as those that no lease lists.
   */
  async #keep(writer: ContentWriter, scope: Scope, descriptor: Descriptor): Promise<void> {
    const { offset } = writer.status();
    await writer[Symbol.asyncDispose]();
    if (offset === 0) return await this.#abort(scope, descriptor);
    const { namespace } = scope;
    const ingest = { ref: refKey(descriptor), total: descriptor.size, expected: descriptor.digest };
    await this.#content.writer({ namespace }, ingest).then(
      async (kept) => await kept[Symbol.asyncDispose](),
      // Somebody else has it now, or has brought the blob.
      () => undefined,
    );
  }

  async #throwAway(writer: ContentWriter, scope: Scope, descriptor: Descriptor): Promise<void> {
    await writer[Symbol.asyncDispose]();
    await this.#abort(scope, descriptor);
  }

  async #abort(scope: Scope, descriptor: Descriptor): Promise<void> {
    await this.#content.abort({ namespace: scope.namespace }, refKey(descriptor)).catch((error: unknown) => {
      if (kindOf(error) !== 'not-found') throw error;
    });
  }
}

/** The bytes are not what the descriptor says: no use to keep them. */
class WrongContent extends KindError {
  constructor(detail: string) {
    super('failed-precondition', detail);
  }
}

/** The failure, with what failed. */
function named(error: unknown, descriptor: Descriptor): unknown {
  if (!(error instanceof KindError) || error instanceof WrongContent || error.detail.includes(descriptor.digest)) {
    return error;
  }
  return new KindError(error.kind, `${refKey(descriptor)}: ${error.detail}`, { cause: error });
}

async function commit(
  writer: ContentWriter,
  descriptor: Descriptor,
  labels: ReadonlyMap<string, string>,
): Promise<void> {
  try {
    await writer.commit(descriptor.size, descriptor.digest, labels);
  } catch (error) {
    if (kindOf(error) !== 'already-exists') throw error;
  }
}

async function copyBody(
  writer: ContentWriter,
  scope: Scope,
  descriptor: Descriptor,
  registry: Registry,
  tracker: ProgressTracker,
  ranges: RangeOptions | undefined,
): Promise<void> {
  const start = writer.status().offset;
  let position = start;
  for await (const { offset, bytes } of remotePieces(registry, descriptor, start, ranges, scope.signal)) {
    position = offset + bytes.length;
    if (position > descriptor.size) {
      throw new WrongContent(
        `${refKey(descriptor)}: the registry sent more than the ${descriptor.size} bytes expected`,
      );
    }
    // A registry without ranges sends again what we have.
    const fresh = bytes.subarray(Math.min(bytes.length, Math.max(0, start - offset)));
    if (fresh.length === 0) continue;
    await writer.write(fresh);
    tracker.moved(descriptor, position);
  }
  if (position < descriptor.size) {
    throw new KindError(
      'unavailable',
      `${refKey(descriptor)}: the registry sent ${position} of ${descriptor.size} bytes`,
    );
  }
}
