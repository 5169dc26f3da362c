import { randomBytes } from 'node:crypto';
import { KindError } from '../../../pkg/errors/kind-error.ts';
import { kindOf } from '../../../pkg/errors/kind-of.ts';
import type { Descriptor } from '../../../pkg/oci/descriptor.ts';
import { JsonObject, maxDocumentSize } from '../../../pkg/oci/json-object.ts';
import { mediaTypes } from '../../../pkg/oci/media-types.ts';
import type { ContentWriter } from '../../content/content-store.ts';
import type { ImportEndpoint } from '../transfer-endpoint.ts';
import type { LeasedScope } from '../with-lease.ts';
import { archiveFiles, type ArchiveEvent } from './archive-files.ts';
import { decompressed } from './decompressed.ts';
import { indexOfDockerArchive } from './docker-archive.ts';
import type { ImportedFiles, ImportServices } from './import-services.ts';

/** More files than any archive of images has; each is a blob. */
const maxFiles = 100_000;

/**
 * Brings an archive's blobs into the content store, under the scope's lease, and gives its index: that of an OCI layout, or one made from
 * the `manifest.json` that `docker save` writes.
 *
 * @throws KindError `invalid-argument` for what is no archive of images.
 */
export async function importArchive(
  services: ImportServices,
  scope: LeasedScope,
  endpoint: ImportEndpoint,
): Promise<Descriptor> {
  await using files = new ArchiveImport(services, scope);
  const bytes = endpoint.mediaType === '' ? decompressed(endpoint.bytes) : plain(endpoint.bytes);
  for await (const events of archiveFiles(bytes)) {
    scope.signal?.throwIfAborted();
    for (const event of events) await files.take(event);
  }
  const layout = files.documents.get('oci-layout');
  if (layout === undefined) {
    return await indexOfDockerArchive(services, scope, files, endpoint.forceCompress);
  }
  const version = JsonObject.parse(layout, 'oci-layout').string('imageLayoutVersion');
  if (version !== '1.0.0')
    throw new KindError('invalid-argument', `oci-layout: unsupported OCI version ${JSON.stringify(version)}`);
  const index = files.blobs.get('index.json');
  if (index === undefined) throw new KindError('invalid-argument', 'missing index.json in OCI layout');
  return { mediaType: mediaTypes.ociIndex, ...index };
}

async function* plain(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void, void> {
  for await (const piece of bytes) yield Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
}

/** Takes the files of one archive; disposing throws away what is unfinished. */
class ArchiveImport implements ImportedFiles, AsyncDisposable {
  readonly documents = new Map<string, Buffer>();
  readonly blobs = new Map<string, Pick<Descriptor, 'digest' | 'size'>>();
  readonly symlinks = new Map<string, string>();
  readonly #services: ImportServices;
  readonly #scope: LeasedScope;
  /** Two imports of equal archives at once do not wait for each other. */
  readonly #prefix = `import-${randomBytes(8).toString('hex')}`;
  #document: { readonly name: string; readonly pieces: Uint8Array[]; size: number } | undefined;
  #blob: { readonly name: string; readonly ref: string; readonly writer: ContentWriter } | undefined;
  #files = 0;

  constructor(services: ImportServices, scope: LeasedScope) {
    this.#services = services;
    this.#scope = scope;
  }

  async take(event: ArchiveEvent): Promise<void> {
    if (event.type === 'file') await this.#begin(event.name, event.size);
    else if (event.type === 'data') await this.#data(event.bytes);
    else if (event.type === 'end') await this.#end();
    else if (this.symlinks.size < maxFiles) this.symlinks.set(event.name, event.target);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const unfinished = this.#blob;
    if (unfinished === undefined) return;
    await unfinished.writer[Symbol.asyncDispose]();
    await this.#services.content.abort({ namespace: this.#scope.namespace }, unfinished.ref).catch((error: unknown) => {
      if (kindOf(error) !== 'not-found') throw error;
    });
  }

  async #begin(name: string, size: number): Promise<void> {
    if (++this.#files > maxFiles) throw new KindError('invalid-argument', `archive has more than ${maxFiles} files`);
    if (name === 'oci-layout' || name === 'manifest.json') {
      if (size > maxDocumentSize) throw new KindError('invalid-argument', `${name}: ${size} bytes are too many`);
      this.#document = { name, pieces: [], size: 0 };
      return;
    }
    const ref = `${this.#prefix}-${this.#files}`;
    this.#blob = { name, ref, writer: await this.#services.content.writer(this.#scope, { ref, total: size }) };
  }

  async #data(bytes: Uint8Array): Promise<void> {
    this.#document?.pieces.push(Buffer.from(bytes));
    await this.#blob?.writer.write(bytes);
  }

  async #end(): Promise<void> {
    const { content, leases } = this.#services;
    if (this.#document !== undefined) {
      this.documents.set(this.#document.name, Buffer.concat(this.#document.pieces));
      this.#document = undefined;
      return;
    }
    const blob = this.#blob;
    if (blob === undefined) return;
    const size = blob.writer.status().offset;
    const digest = blob.writer.digest();
    await leases.addResource(this.#scope, this.#scope.lease, { type: 'content', id: digest });
    try {
      await blob.writer.commit(size, digest);
      await blob.writer[Symbol.asyncDispose]();
      this.#blob = undefined;
    } catch (error) {
      if (kindOf(error) !== 'already-exists') throw error;
      await this[Symbol.asyncDispose]();
      this.#blob = undefined;
    }
    // The same bytes under the lease, whether they were new or not.
    await content.info(this.#scope, digest);
    this.blobs.set(blob.name, { digest, size });
  }
}
