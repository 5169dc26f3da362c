import { randomBytes } from 'node:crypto';
import { createGzip } from 'node:zlib';
import { Readable } from 'node:stream';
import { KindError } from '../../../pkg/errors/kind-error.ts';
import { kindOf } from '../../../pkg/errors/kind-of.ts';
import { descriptorJson } from '../../../pkg/oci/descriptor-json.ts';
import type { Descriptor } from '../../../pkg/oci/descriptor.ts';
import { parseImageConfig } from '../../../pkg/oci/image-config.ts';
import { JsonObject } from '../../../pkg/oci/json-object.ts';
import { mediaTypes } from '../../../pkg/oci/media-types.ts';
import { normalizeDockerReference } from '../../../pkg/references/docker-reference.ts';
import { parseReference } from '../../../pkg/references/reference.ts';
import { readDocument } from '../read-document.ts';
import type { LeasedScope } from '../with-lease.ts';
import type { ImportedFiles, ImportServices } from './import-services.ts';
import { writeDocument } from './write-document.ts';

type Blob = Pick<Descriptor, 'digest' | 'size'>;

/**
 * Makes manifests and an index for an archive of `docker save`.
 *
 * @throws KindError `invalid-argument` when it is none.
 */
export async function indexOfDockerArchive(
  services: ImportServices,
  scope: LeasedScope,
  files: ImportedFiles,
  compress: boolean,
): Promise<Descriptor> {
  const bytes = files.documents.get('manifest.json');
  if (bytes === undefined) throw new KindError('invalid-argument', 'unrecognized image format');
  const images = JsonObject.parse(Buffer.concat([Buffer.from('{"images":'), bytes, Buffer.from('}')]), 'manifest.json');
  const manifests: Descriptor[] = [];
  for (const image of images.objects('images')) {
    const config = { ...find(files, image.string('Config'), 'image config'), mediaType: mediaTypes.dockerConfig };
    const layers: Descriptor[] = [];
    for (const name of image.strings('Layers')) {
      layers.push(await layerOf(services, scope, find(files, name, 'layer'), compress));
    }
    const document = {
      schemaVersion: 2,
      mediaType: mediaTypes.dockerManifest,
      config: descriptorJson(config),
      layers: layers.map(descriptorJson),
    };
    const written = await writeDocument(services, scope, mediaTypes.dockerManifest, document);
    const { platform } = parseImageConfig(
      await readDocument(services.content, scope, config.digest),
      `config ${config.digest}`,
    );
    const manifest = platform.os === '' ? written : { ...written, platform };
    const names = image.strings('RepoTags');
    if (names.length === 0) manifests.push(manifest);
    for (const name of names) manifests.push({ ...manifest, annotations: nameAnnotations(name) });
  }
  return await writeDocument(services, scope, mediaTypes.ociIndex, {
    schemaVersion: 2,
    manifests: manifests.map(descriptorJson),
  });
}

function nameAnnotations(short: string): Map<string, string> {
  const name = normalizeDockerReference(short);
  const { tag } = parseReference(name);
  return new Map([
    ['io.containerd.image.name', name],
    ['org.opencontainers.image.ref.name', tag === '' ? name : tag],
  ]);
}

/** A file by its name, or the one that a link of that name leads to: old archives share layers by links. */
function find(files: ImportedFiles, name: string, what: string): Blob {
  const target = files.symlinks.get(name);
  const blob = files.blobs.get(name) ?? (target === undefined ? undefined : files.blobs.get(target));
  if (blob === undefined)
    throw new KindError('invalid-argument', `manifest.json: ${what} ${JSON.stringify(name)} not found`);
  return blob;
}

async function layerOf(
  services: ImportServices,
  scope: LeasedScope,
  blob: Blob,
  compress: boolean,
): Promise<Descriptor> {
  const known = await compressedForm(services, scope, blob.digest);
  if (known !== undefined) return known;
  const head = Buffer.alloc(4);
  {
    await using reader = await services.content.reader(scope, blob.digest);
    await reader.read(head, 0);
  }
  const compressed = head.readUInt16BE(0) === 0x1f8b || head.readUInt32LE(0) === 0xfd2fb528;
  if (compressed) return { ...blob, mediaType: `${mediaTypes.dockerLayer}.gzip` };
  return compress ? await compressLayer(services, scope, blob) : { ...blob, mediaType: mediaTypes.dockerLayer };
}

/** A layer that is here compressed need not be kept twice. */
async function compressedForm(
  services: ImportServices,
  scope: LeasedScope,
  digest: string,
): Promise<Descriptor | undefined> {
  for await (const info of services.content.list(scope, [
    `labels."containerd.io/uncompressed"==${JSON.stringify(digest)}`,
  ])) {
    if (info.digest === digest) continue;
    await services.leases.addResource(scope, scope.lease, { type: 'content', id: info.digest });
    return { mediaType: `${mediaTypes.dockerLayer}.gzip`, digest: info.digest, size: info.size };
  }
  return undefined;
}

async function compressLayer(services: ImportServices, scope: LeasedScope, blob: Blob): Promise<Descriptor> {
  const ref = `compress-${randomBytes(8).toString('hex')}-${blob.digest}`;
  await using reader = await services.content.reader(scope, blob.digest);
  const source = async function* (): AsyncGenerator<Buffer, void, void> {
    for (let offset = 0; offset < reader.size;) {
      const piece = Buffer.allocUnsafe(1 << 20);
      const read = await reader.read(piece, offset);
      if (read === 0) throw new KindError('data-loss', `${blob.digest}: ends at ${offset} of ${reader.size} bytes`);
      offset += read;
      yield piece.subarray(0, read);
    }
  };
  await using writer = await services.content.writer(scope, { ref });
  const input = Readable.from(source(), { objectMode: false });
  const gzip = createGzip({ chunkSize: 256 << 10 });
  input.once('error', (error) => gzip.destroy(error));
  const pieces: AsyncIterable<Buffer> = input.pipe(gzip);
  for await (const piece of pieces) await writer.write(piece);
  const digest = writer.digest();
  const size = writer.status().offset;
  await services.leases.addResource(scope, scope.lease, { type: 'content', id: digest });
  try {
    await writer.commit(size, digest, new Map([['containerd.io/uncompressed', blob.digest]]));
  } catch (error) {
    if (kindOf(error) !== 'already-exists') throw error;
  }
  return { mediaType: `${mediaTypes.dockerLayer}.gzip`, digest, size };
}
