import { kindOf } from '../../pkg/errors/kind-of.ts';
import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import { mediaKind } from '../../pkg/oci/media-types.ts';
import { PlatformMatcher } from '../../pkg/platforms/platform-matcher.ts';
import { importArchive } from './archive/import-archive.ts';
import { BlobArrival } from './blob-arrival.ts';
import { childLabels, setContentLabels } from './content-labels.ts';
import { readChildren } from './read-document.ts';
import { storeImages, storeImported } from './store-images.ts';
import type { ImageStoreEndpoint, ImportEndpoint } from './transfer-endpoint.ts';
import type { TransferServices } from './transfer-services.ts';
import type { ReportProgress } from './transferrer.ts';
import type { ImageUnpacker } from './unpack/image-unpacker.ts';
import { takesConfig, takesLayer, type UnpackTarget } from './unpack/unpack-target.ts';
import type { LeasedScope } from './with-lease.ts';

/** What one import works with. */
export interface ImportParts {
  readonly services: TransferServices;
  readonly unpacker: ImageUnpacker;
  readonly targets: readonly UnpackTarget[];
  readonly destination: ImageStoreEndpoint;
  readonly report: ReportProgress;
}

/** Takes the images of an archive into the stores and unpacks those of the platforms wanted. */
export async function importImages(parts: ImportParts, scope: LeasedScope, source: ImportEndpoint): Promise<void> {
  const { services, destination, report } = parts;
  const index = await importArchive(services, scope, source);
  const importer = new ImageImporter(parts);
  await importer.visit(scope, index, 0);
  const save = async (store: typeof storeImages, target: Descriptor): Promise<void> => {
    try {
      for (const image of await store(services.images, scope, destination, target)) {
        report({ event: 'saved', name: image.name, descriptor: target });
      }
    } catch (error) {
      // An image that nothing gives a name stays without.
      if (kindOf(error) !== 'not-found') throw error;
    }
  };
  await save(storeImages, index);
  for (const manifest of await readChildren(services.content, scope, index)) await save(storeImported, manifest);
}

class ImageImporter {
  readonly #parts: ImportParts;
  readonly #platforms: PlatformMatcher;

  constructor(parts: ImportParts) {
    this.#parts = parts;
    this.#platforms = new PlatformMatcher(parts.destination.platforms);
  }

  /** Labels what a descriptor leads to, and unpacks its manifests. */
  async visit(scope: LeasedScope, descriptor: Descriptor, depth: number): Promise<void> {
    const { services, unpacker, destination } = this.#parts;
    const kind = mediaKind(descriptor.mediaType);
    if ((kind !== 'index' && kind !== 'manifest') || depth > 8) return;
    const wanted = this.#platforms.matches(descriptor.platform);
    let children: readonly Descriptor[];
    try {
      children = await readChildren(services.content, scope, descriptor);
    } catch (error) {
      // An archive need not hold what is for other platforms.
      if (kindOf(error) === 'not-found' && !wanted) return;
      throw error;
    }
    await setContentLabels(services.content, scope, descriptor.digest, childLabels(children));
    if (kind === 'index') {
      for (const child of children) {
        if (destination.allMetadata || this.#platforms.matches(child.platform))
          await this.visit(scope, child, depth + 1);
      }
      return;
    }
    const [config, ...layers] = children;
    if (!wanted || config === undefined) return;
    const targets = this.#parts.targets.filter((target) => takesConfig(target, config));
    const unpackable = layers.filter((layer) => targets.some((target) => takesLayer(target, layer)));
    if (unpackable.length === 0) return;
    const fetch = (blobs: readonly Descriptor[]): readonly BlobArrival[] =>
      blobs.map(() => new BlobArrival(() => Promise.resolve()));
    await unpacker.unpack(scope, { config, layers: unpackable, targets, fetch });
  }
}
