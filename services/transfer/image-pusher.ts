import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import { isNonDistributable, mediaKind } from '../../pkg/oci/media-types.ts';
import { PlatformMatcher } from '../../pkg/platforms/platform-matcher.ts';
import type { Platform } from '../../pkg/platforms/platform.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { Semaphore } from '../../pkg/semaphore/semaphore.ts';
import type { ContentStore } from '../content/content-store.ts';
import { addDistributionSource } from './content-labels.ts';
import type { ProgressTracker } from './progress-tracker.ts';
import { readChildren, readDocument } from './read-document.ts';
import type { Registry } from './registry/registry.ts';
import { TaskGroup } from './task-group.ts';

/** What one push works with. */
export interface PushParts {
  readonly content: ContentStore;
  readonly registry: Registry;
  /** Bounds the uploads of all pushes. */
  readonly limit: Semaphore;
  /** Empty for all. */
  readonly platforms: readonly Platform[];
  readonly tracker: ProgressTracker;
}

const pieceSize = 1 << 20;

/**
 * Pushes an image: blobs side by side, then the manifests that point to them, then the indexes; the tag comes last, so that
 * it never names what is not there.
 *
 * @throws KindError `not-found` when content is missing here.
 */
export class ImagePusher {
  readonly #parts: PushParts;
  readonly #matcher: PlatformMatcher;

  constructor(parts: PushParts) {
    this.#parts = parts;
    this.#matcher = new PlatformMatcher(parts.platforms);
  }

  async push(scope: Scope, target: Descriptor): Promise<void> {
    const documents: Descriptor[] = [];
    const blobs = new Map<string, Descriptor>();
    await this.#collect(scope, target, documents, blobs, 0);
    await using group = new TaskGroup(scope.signal);
    const inner = { ...scope, signal: group.signal };
    for (const blob of blobs.values()) void group.run(async () => await this.#pushBlob(inner, blob));
    await group.settled();
    for (const document of documents) await this.#pushDocument(scope, document, document === target);
  }

  /** Lists what is to be pushed: documents after what they point to. */
  async #collect(
    scope: Scope,
    descriptor: Descriptor,
    documents: Descriptor[],
    blobs: Map<string, Descriptor>,
    depth: number,
  ): Promise<void> {
    if (depth > 8) throw new KindError('invalid-argument', `${descriptor.digest}: indexes are nested too deep`);
    const { content, tracker } = this.#parts;
    tracker.add(descriptor);
    const all = await readChildren(content, scope, descriptor);
    const children = all.filter(
      (child) => !isNonDistributable(child.mediaType) && this.#matcher.matches(child.platform),
    );
    tracker.addChildren(descriptor, children);
    for (const child of children) {
      const kind = mediaKind(child.mediaType);
      if (kind === 'index' || kind === 'manifest') await this.#collect(scope, child, documents, blobs, depth + 1);
      else blobs.set(child.digest, child);
    }
    for (const child of children) tracker.add(child);
    if (!documents.some(({ digest }) => digest === descriptor.digest)) documents.push(descriptor);
  }

  async #pushBlob(scope: Scope, blob: Descriptor): Promise<void> {
    const { content, registry, limit, tracker } = this.#parts;
    using _permit = await limit.acquire(scope.signal);
    if (await registry.has(blob, '', scope.signal)) {
      tracker.exists(blob);
      return;
    }
    const from = await this.#mountSource(scope, blob);
    await registry.pushBlob(blob, () => this.#read(scope, blob), from, scope.signal);
    tracker.complete(blob);
    await addDistributionSource(content, scope, blob.digest, registry.reference);
  }

  async #pushDocument(scope: Scope, document: Descriptor, isTarget: boolean): Promise<void> {
    const { content, registry, tracker } = this.#parts;
    const { tag, digest } = registry.reference;
    const name = isTarget && digest === '' ? tag : '';
    if (await registry.has(document, name, scope.signal)) {
      tracker.exists(document);
      return;
    }
    await registry.pushDocument(document, await readDocument(content, scope, document.digest), name, scope.signal);
    tracker.complete(document);
    await addDistributionSource(content, scope, document.digest, registry.reference);
  }

  /** Another repository of the same registry that has the blob. */
  async #mountSource(scope: Scope, blob: Descriptor): Promise<string | undefined> {
    const { content, registry } = this.#parts;
    const { host, repository } = registry.reference;
    const { labels } = await content.info(scope, blob.digest);
    const sources = labels.get(`containerd.io/distribution.source.${host.replace(/:\d+$/, '')}`) ?? '';
    return sources.split(',').find((source) => source !== '' && source !== repository);
  }

  async *#read(scope: Scope, blob: Descriptor): AsyncGenerator<Uint8Array, void, void> {
    await using reader = await this.#parts.content.reader(scope, blob.digest);
    for (let offset = 0; offset < blob.size;) {
      const piece = Buffer.allocUnsafe(Math.min(pieceSize, blob.size - offset));
      const read = await reader.read(piece, offset);
      if (read === 0) throw new KindError('data-loss', `${blob.digest}: ends at ${offset} of ${blob.size} bytes`);
      offset += read;
      yield piece.subarray(0, read);
      this.#parts.tracker.moved(blob, offset);
    }
  }
}
