import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import { mediaKind, mediaTypes } from '../../pkg/oci/media-types.ts';
import { PlatformMatcher } from '../../pkg/platforms/platform-matcher.ts';
import { BlobArrival } from './blob-arrival.ts';
import type { BlobDownloader } from './blob-downloader.ts';
import { childLabels, setContentLabels } from './content-labels.ts';
import type { ProgressTracker } from './progress-tracker.ts';
import { readChildren } from './read-document.ts';
import type { Registry } from './registry/registry.ts';
import { TaskGroup } from './task-group.ts';
import type { ImageStoreEndpoint } from './transfer-endpoint.ts';
import type { TransferServices } from './transfer-services.ts';
import type { ImageUnpacker } from './unpack/image-unpacker.ts';
import { takesConfig, takesLayer, type UnpackTarget } from './unpack/unpack-target.ts';
import type { LeasedScope } from './with-lease.ts';

/** What one pull works with. */
export interface PullParts {
  readonly services: Pick<TransferServices, 'content'>;
  readonly registry: Registry;
  readonly downloader: BlobDownloader;
  readonly unpacker: ImageUnpacker;
  /** Empty to fetch without unpacking. */
  readonly targets: readonly UnpackTarget[];
  readonly destination: ImageStoreEndpoint;
  readonly tracker: ProgressTracker;
}

/** Fetches all that a resolved descriptor leads to, for the platforms wanted, and unpacks it. For one pull. */
export class ImagePuller {
  readonly #parts: PullParts;
  readonly #platforms: PlatformMatcher;
  /** By digest: what several manifests share is fetched once. */
  readonly #arrivals = new Map<string, BlobArrival>();

  constructor(parts: PullParts) {
    this.#parts = parts;
    this.#platforms = new PlatformMatcher(parts.destination.platforms);
  }

  /** Resolves when everything is there; on failure everything has come to rest. */
  async pull(scope: LeasedScope, target: Descriptor): Promise<void> {
    await using group = new TaskGroup(scope.signal);
    const inner = { ...scope, signal: group.signal };
    void group.run(async () => await this.#visit(inner, group, target, 0));
    await group.settled();
  }

  async #visit(scope: LeasedScope, group: TaskGroup, descriptor: Descriptor, depth: number): Promise<void> {
    // Indexes may hold indexes, but not for ever.
    if (depth > 8) throw new KindError('invalid-argument', `${descriptor.digest}: indexes are nested too deep`);
    if (descriptor.mediaType === mediaTypes.dockerSchema1) {
      throw new KindError('invalid-argument', 'schema 1 image manifests are no longer supported');
    }
    await this.#fetch(scope, descriptor).fetched;
    const kind = mediaKind(descriptor.mediaType);
    if (kind === 'index') await this.#visitIndex(scope, group, descriptor, depth);
    else if (kind === 'manifest') await this.#visitManifest(scope, group, descriptor);
  }

  async #visitIndex(scope: LeasedScope, group: TaskGroup, descriptor: Descriptor, depth: number): Promise<void> {
    const children = await this.#labelledChildren(scope, descriptor);
    const chosen = this.#choose(children);
    this.#parts.tracker.addChildren(descriptor, chosen);
    for (const child of chosen) void group.run(async () => await this.#visit(scope, group, child, depth + 1));
  }

  async #visitManifest(scope: LeasedScope, group: TaskGroup, descriptor: Descriptor): Promise<void> {
    const [config, ...layers] = await this.#labelledChildren(scope, descriptor);
    if (config === undefined) return;
    const wanted = this.#platforms.matches(descriptor.platform);
    if (!wanted && mediaKind(config.mediaType) !== 'config') return;
    this.#parts.tracker.addChildren(descriptor, wanted ? [config, ...layers] : [config]);
    await this.#fetch(scope, config).fetched;
    if (!wanted) return;
    const fetch = (blobs: readonly Descriptor[]): BlobArrival[] =>
      blobs.map((blob) => {
        const arrival = this.#fetch(scope, blob);
        void group.run(() => arrival.fetched);
        return arrival;
      });
    const { unpacker, tracker } = this.#parts;
    const targets = this.#parts.targets.filter((target) => takesConfig(target, config));
    const unpackable = layers.filter((layer) => targets.some((target) => takesLayer(target, layer)));
    if (unpackable.length === 0) {
      await Promise.all(fetch(layers).map(({ fetched }) => fetched));
      return;
    }
    const others = fetch(layers.filter((layer) => !unpackable.includes(layer))).map(({ fetched }) => fetched);
    await Promise.all([...others, unpacker.unpack(scope, { config, layers: unpackable, targets, fetch, tracker })]);
  }

  async #labelledChildren(scope: LeasedScope, descriptor: Descriptor): Promise<readonly Descriptor[]> {
    const { content } = this.#parts.services;
    const children = await readChildren(content, scope, descriptor);
    await setContentLabels(content, scope, descriptor.digest, childLabels(children));
    return children;
  }

  /** The manifests of an index to go on with: the best first where their number is limited. */
  #choose(children: readonly Descriptor[]): readonly Descriptor[] {
    const { allMetadata, manifestLimit } = this.#parts.destination;
    const chosen = allMetadata ? [...children] : children.filter(({ platform }) => this.#platforms.matches(platform));
    if (manifestLimit <= 0) return chosen;
    const rank = ({ platform }: Descriptor): number =>
      platform === undefined ? Number.MAX_SAFE_INTEGER : (this.#platforms.rank(platform) ?? Number.MAX_SAFE_INTEGER);
    if (chosen.length === 0) throw new KindError('not-found', 'no match for platform in manifest');
    return chosen.sort((a, b) => rank(a) - rank(b)).slice(0, manifestLimit);
  }

  #fetch(scope: LeasedScope, descriptor: Descriptor): BlobArrival {
    const { downloader, registry, tracker } = this.#parts;
    let arrival = this.#arrivals.get(descriptor.digest);
    if (arrival === undefined) {
      tracker.add(descriptor);
      arrival = new BlobArrival((begun) => downloader.download(scope, descriptor, registry, tracker, begun));
      this.#arrivals.set(descriptor.digest, arrival);
    }
    return arrival;
  }
}
