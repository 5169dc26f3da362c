import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import { Semaphore } from '../../pkg/semaphore/semaphore.ts';
import type { Image } from '../images/image-store.ts';
import { exportImages } from './archive/export-images.ts';
import { BlobDownloader } from './blob-downloader.ts';
import { importImages } from './image-importer.ts';
import { ImagePuller } from './image-puller.ts';
import { ImagePusher } from './image-pusher.ts';
import { ProgressTracker } from './progress-tracker.ts';
import { openRegistry, type RegistryConfig } from './registry/open-registry.ts';
import type { Registry } from './registry/registry.ts';
import { storeImages } from './store-images.ts';
import type {
  ExportEndpoint,
  ImageStoreEndpoint,
  ImportEndpoint,
  RegistryEndpoint,
  TransferEndpoint,
  UnpackRequest,
} from './transfer-endpoint.ts';
import type { ImageVerifier } from './image-verifier.ts';
import type { TransferServices } from './transfer-services.ts';
import type { ReportProgress, Transferrer } from './transferrer.ts';
import { ImageUnpacker } from './unpack/image-unpacker.ts';
import type { UnpackTarget } from './unpack/unpack-target.ts';
import { verifyImage } from './verify-image.ts';
import { withLease } from './with-lease.ts';

/** What a transferrer is made of. */
export interface LocalTransferrerOptions {
  readonly services: TransferServices;
  readonly registries: RegistryConfig;
  readonly maxConcurrentDownloads: number;
  /** Bytes of the ranges that large layers are fetched in; 0 to fetch them in one go. */
  readonly concurrentLayerFetchBuffer: number;
  readonly maxConcurrentUploads: number;
  readonly maxConcurrentUnpacks: number;
  /** Where images may be unpacked, best first. */
  readonly unpackTargets: () => readonly UnpackTarget[];
  /** Asked before each pull. */
  readonly verifiers: ReadonlyMap<string, ImageVerifier>;
}

/** Moves images between registries, archives and this daemon's own stores. */
export class LocalTransferrer implements Transferrer {
  readonly #options: LocalTransferrerOptions;
  readonly #downloader: BlobDownloader;
  readonly #unpacker: ImageUnpacker;
  readonly #uploads: Semaphore;

  constructor(options: LocalTransferrerOptions) {
    this.#options = options;
    const { services, maxConcurrentDownloads: maxConcurrent, concurrentLayerFetchBuffer: rangeSize } = options;
    const { retry } = options.registries;
    this.#downloader = new BlobDownloader(services.content, { maxConcurrent, rangeSize, retry });
    this.#unpacker = new ImageUnpacker(services, new Semaphore(options.maxConcurrentUnpacks));
    this.#uploads = new Semaphore(options.maxConcurrentUploads);
  }

  async transfer(
    scope: Scope,
    source: TransferEndpoint,
    destination: TransferEndpoint,
    report: ReportProgress = (): void => undefined,
  ): Promise<void> {
    if (source.type === 'registry' && destination.type === 'images') {
      await this.#pull(scope, source, destination, report);
    } else if (source.type === 'images' && destination.type === 'images') {
      await this.#tag(scope, source, destination);
    } else if (source.type === 'images' && destination.type === 'registry') {
      await this.#push(scope, source, destination, report);
    } else if (source.type === 'images' && destination.type === 'export') {
      await this.#export(scope, source, destination, report);
    } else if (source.type === 'import' && destination.type === 'images') {
      await this.#import(scope, source, destination, report);
    } else if (source.type === 'import' && destination.type === 'export') {
      for await (const piece of source.bytes) await destination.bytes.write(piece);
    } else {
      throw new KindError('unimplemented', `unable to transfer from ${source.type} to ${destination.type}`);
    }
  }

  async #pull(
    scope: Scope,
    source: RegistryEndpoint,
    destination: ImageStoreEndpoint,
    report: ReportProgress,
  ): Promise<void> {
    const { services, registries } = this.#options;
    const from = `OCI Registry (${source.reference})`;
    const targets = this.#unpackTargets(destination.unpacks);
    using registry = await openRegistry(source, registries);
    await withLease(services.leases, scope, async (leased) => {
      report({ event: `Resolving from ${from}` });
      const target = await resolve(registry, scope.signal);
      await verifyImage(this.#options.verifiers, source.reference, target, services.log, scope.signal);
      report({ event: `Pulling from ${from}` });
      report({ event: 'fetching image content', name: source.reference, descriptor: target });
      using tracker = new ProgressTracker(source.reference, 'downloading', report);
      const parts = { services, registry, targets, destination, tracker };
      await new ImagePuller({ ...parts, downloader: this.#downloader, unpacker: this.#unpacker }).pull(leased, target);
      for (const image of await storeImages(services.images, leased, destination, target)) {
        report({ event: 'saved', name: image.name, descriptor: image.target });
      }
    });
    report({ event: `Completed pull from ${from}` });
  }

  async #tag(scope: Scope, source: ImageStoreEndpoint, destination: ImageStoreEndpoint): Promise<void> {
    const { services } = this.#options;
    await withLease(services.leases, scope, async (leased) => {
      const image = await services.images.get(leased, source.name);
      await storeImages(services.images, leased, destination, image.target);
    });
  }

  async #push(
    scope: Scope,
    source: ImageStoreEndpoint,
    destination: RegistryEndpoint,
    report: ReportProgress,
  ): Promise<void> {
    const { services, registries } = this.#options;
    const to = `OCI Registry (${destination.reference})`;
    const { name, target } = await services.images.get(scope, source.name);
    report({ event: `Pushing to ${to}` });
    report({ event: 'pushing content', name, descriptor: target });
    using registry = await openRegistry(destination, registries, 'pull,push');
    using tracker = new ProgressTracker(name, 'uploading', report);
    const parts = { content: services.content, registry, limit: this.#uploads, platforms: source.platforms, tracker };
    await new ImagePusher(parts).push(scope, target);
    report({ event: 'pushed content', name, descriptor: target });
    report({ event: `Completed push to ${to}`, descriptor: target });
  }

  async #export(
    scope: Scope,
    source: ImageStoreEndpoint,
    destination: ExportEndpoint,
    report: ReportProgress,
  ): Promise<void> {
    const { services } = this.#options;
    await withLease(services.leases, scope, async (leased) => {
      report({ event: 'Exporting' });
      const names = source.name === '' ? [] : [source.name];
      for (const { name, isPrefix } of source.extraReferences) {
        if (isPrefix) throw new KindError('unimplemented', 'prefix lookup on export');
        names.push(name);
      }
      const images: Image[] = [];
      for (const name of names) images.push(await services.images.get(leased, name));
      // Under the lease the content stays, even when an image is deleted meanwhile.
      for (const { target } of images) {
        await services.leases.addResource(leased, leased.lease, { type: 'content', id: target.digest });
      }
      await exportImages(services.content, leased, images, destination);
      report({ event: 'Completed export' });
    });
  }

  async #import(
    scope: Scope,
    source: ImportEndpoint,
    destination: ImageStoreEndpoint,
    report: ReportProgress,
  ): Promise<void> {
    const { services } = this.#options;
    const targets = this.#unpackTargets(destination.unpacks);
    await withLease(services.leases, scope, async (leased) => {
      report({ event: 'Importing' });
      await importImages({ services, unpacker: this.#unpacker, targets, destination, report }, leased, source);
      report({ event: 'Completed import' });
    });
  }

  /** The targets that serve what is asked for; an empty snapshotter means the best of the platform's. */
  #unpackTargets(requests: readonly UnpackRequest[]): readonly UnpackTarget[] {
    const supported = this.#options.unpackTargets();
    const chosen = requests.flatMap(({ platform, snapshotter }) => {
      const serving = supported.filter(
        (target) => target.os === platform.os && (target.matcher?.matches(platform) ?? true),
      );
      const named = serving.find((target) => target.name === snapshotter);
      if (snapshotter !== '') return named === undefined ? [] : [named];
      const best = serving.find((target) => target.name === 'overlayfs') ?? serving[0];
      return best === undefined ? [] : [best];
    });
    if (requests.length > 0 && chosen.length === 0) {
      const asked = requests.map(({ platform, snapshotter }) =>
        `${platform.os}/${platform.architecture} ${snapshotter}`.trim(),
      );
      throw new KindError(
        'invalid-argument',
        `unable to initialize unpacker: no unpack platforms defined for ${asked.join(', ')} (see unpack_config of io.containerd.transfer.v1.local)`,
      );
    }
    return [...new Set(chosen)];
  }
}

async function resolve(registry: Registry, signal: AbortSignal | undefined): Promise<Descriptor> {
  try {
    return await registry.resolve(signal);
  } catch (error) {
    if (!(error instanceof KindError) || signal?.aborted === true) throw error;
    throw new KindError(error.kind, `failed to resolve image: ${error.detail}`, { cause: error });
  }
}
