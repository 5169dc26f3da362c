import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, createZstdCompress } from 'node:zlib';
import { tarEnd, tarEntry, type TarEntry } from './tar-writer.ts';

/** What points at a blob. */
export interface BlobDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** A blob that is a layer, and the digest of its uncompressed stream. */
export interface Layer extends BlobDescriptor {
  readonly diffId: string;
}

/** What a container of the image runs as. */
export interface ImageSettings {
  readonly Cmd?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
  readonly WorkingDir?: string;
}

const layerType = 'application/vnd.oci.image.layer.v1.tar';

function measure(): { stream: Transform; digest(): string; size(): number } {
  const hash = createHash('sha256');
  let size = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      hash.update(chunk);
      size += chunk.length;
      callback(null, chunk);
    },
  });
  return { stream, digest: () => `sha256:${hash.digest('hex')}`, size: () => size };
}

/**
 * Images as an OCI layout in a directory, made without network or foreign tools. Blobs are added, then images of them; the
 * directory can be pushed (`Registry.push`) or packed (`archive`).
 */
export class OciLayout {
  readonly directory: string;
  readonly #manifests: { descriptor: BlobDescriptor; name: string; blobs: string[] }[] = [];
  #counter = 0;

  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(join(directory, 'blobs', 'sha256'), { recursive: true });
    writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  }

  /** The images, by the name they were added with. */
  get images(): ReadonlyMap<string, BlobDescriptor> {
    return new Map(this.#manifests.map(({ name, descriptor }) => [name, descriptor]));
  }

  blobPath(digest: string): string {
    return join(this.directory, 'blobs', ...digest.split(':'));
  }

  addBlob(content: Buffer | string, mediaType: string): BlobDescriptor {
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
    writeFileSync(this.blobPath(digest), content);
    return { mediaType, digest, size: Buffer.byteLength(content) };
  }

  /** A layer of entries, which may be produced one by one. */
  async addLayer(entries: Iterable<TarEntry>, compression: 'gzip' | 'zstd' | 'none' = 'gzip'): Promise<Layer> {
    return this.addTarLayer(
      (function* () {
        for (const entry of entries) yield tarEntry(entry);
        yield tarEnd;
      })(),
      compression,
    );
  }

  /** A layer of raw chunks of a tar stream: for streams that are no good. */
  async addTarLayer(chunks: Iterable<Buffer>, compression: 'gzip' | 'zstd' | 'none' = 'gzip'): Promise<Layer> {
    const plain = measure();
    const stored = measure();
    const temporary = join(this.directory, `part-${String(this.#counter++)}`);
    const target = createWriteStream(temporary);
    const source = Readable.from(chunks);
    if (compression === 'none') await pipeline(source, plain.stream, stored.stream, target);
    else {
      const compressor = compression === 'gzip' ? createGzip({ chunkSize: 1 << 18 }) : createZstdCompress();
      await pipeline(source, plain.stream, compressor, stored.stream, target);
    }
    const digest = stored.digest();
    renameSync(temporary, this.blobPath(digest));
    const suffix = compression === 'none' ? '' : `+${compression}`;
    return { mediaType: layerType + suffix, digest, size: stored.size(), diffId: plain.digest() };
  }

  /** An image of layers, bottom first, under a name (an image reference). */
  addImage(name: string, layers: readonly Layer[], settings: ImageSettings = {}): BlobDescriptor {
    const { manifest, blobs } = this.#addManifest(layers, settings, 'amd64');
    this.#manifests.push({ descriptor: manifest, name, blobs });
    this.#writeIndex();
    return manifest;
  }

  /** An image for several architectures, each with its layers, under a name. */
  addIndex(name: string, members: Readonly<Record<string, readonly Layer[]>>): BlobDescriptor {
    const added = Object.entries(members).map(([architecture, layers]) => ({
      architecture,
      ...this.#addManifest(layers, {}, architecture),
    }));
    const manifests = added.map(({ manifest, architecture }) => ({
      ...manifest,
      platform: { architecture, os: 'linux' },
    }));
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    const index = this.addBlob(JSON.stringify({ schemaVersion: 2, mediaType, manifests }), mediaType);
    const blobs = [index.digest, ...added.flatMap((member) => member.blobs)];
    this.#manifests.push({ descriptor: index, name, blobs });
    this.#writeIndex();
    return index;
  }

  #addManifest(
    layers: readonly Layer[],
    settings: ImageSettings,
    architecture: string,
  ): { manifest: BlobDescriptor; blobs: string[] } {
    const config = this.addBlob(
      JSON.stringify({
        created: '2024-01-01T00:00:00Z',
        architecture,
        os: 'linux',
        config: { Env: ['PATH=/bin'], Cmd: ['sh'], ...settings },
        rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
      }),
      'application/vnd.oci.image.config.v1+json',
    );
    const manifest = this.addBlob(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config,
        layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
      }),
      'application/vnd.oci.image.manifest.v1+json',
    );
    return { manifest, blobs: [manifest, config, ...layers].map(({ digest }) => digest) };
  }

  /** Packs the layout as an OCI archive, as `ctr image import` takes it. */
  async archive(path: string): Promise<void> {
    const blobs = [...new Set(this.#manifests.flatMap(({ blobs }) => blobs))];
    const layout = this.directory;
    await pipeline(
      Readable.from(
        (async function* () {
          const files = blobs.map((digest) => join('blobs', ...digest.split(':')));
          for (const name of ['oci-layout', 'index.json', ...files]) {
            yield tarEntry({ name, size: statSync(join(layout, name)).size });
            yield* padTo512(createReadStream(join(layout, name)));
          }
          yield tarEnd;
        })(),
      ),
      createWriteStream(path),
    );
  }

  #writeIndex(): void {
    const manifests = this.#manifests.map(({ descriptor, name }) => ({
      ...descriptor,
      ...(descriptor.mediaType.includes('index') ? {} : { platform: { architecture: 'amd64', os: 'linux' } }),
      annotations: {
        'io.containerd.image.name': name,
        'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1),
      },
    }));
    writeFileSync(
      join(this.directory, 'index.json'),
      JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests }),
    );
  }
}

async function* padTo512(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    yield chunk;
  }
  if (size % 512 !== 0) yield Buffer.alloc(512 - (size % 512));
}
