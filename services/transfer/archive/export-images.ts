import { parseDigest } from '../../../pkg/digest/parse-digest.ts';
import { KindError } from '../../../pkg/errors/kind-error.ts';
import { kindOf } from '../../../pkg/errors/kind-of.ts';
import { descriptorJson } from '../../../pkg/oci/descriptor-json.ts';
import type { Descriptor } from '../../../pkg/oci/descriptor.ts';
import { parseManifest } from '../../../pkg/oci/manifest-document.ts';
import { isNonDistributable, mediaKind, mediaTypes } from '../../../pkg/oci/media-types.ts';
import { hostPlatform } from '../../../pkg/platforms/host-platform.ts';
import { PlatformMatcher } from '../../../pkg/platforms/platform-matcher.ts';
import { familiarDockerReference } from '../../../pkg/references/docker-reference.ts';
import { parseReference } from '../../../pkg/references/reference.ts';
import type { Scope } from '../../../pkg/scope/scope.ts';
import type { ContentStore } from '../../content/content-store.ts';
import type { Image } from '../../images/image-store.ts';
import { readChildren, readDocument } from '../read-document.ts';
import type { ByteDestination, ExportEndpoint } from '../transfer-endpoint.ts';
import { tarEnd, tarFileHeader, tarPadding } from './tar-file-header.ts';

/** What is read and sent at once. */
const pieceSize = 1 << 20;

/** A file of the archive: bytes, or a blob; a directory has neither. */
interface ArchiveFile {
  readonly name: string;
  readonly mode: number;
  readonly bytes?: Uint8Array;
  readonly blob?: Descriptor;
}

/** A manifest that `docker load` shall find, with the names it shall get. */
interface DockerEntry {
  readonly manifest: Descriptor;
  readonly names: string[];
}

/**
 * Writes images as one archive: an OCI layout that `docker load` understands as well, its files in the order of their
 * names, so that equal images make equal archives.
 *
 * @throws KindError `not-found` when content is missing or an index has nothing for the platforms, `invalid-argument` for a target that
 * is neither manifest nor index.
 */
export async function exportImages(
  content: ContentStore,
  scope: Scope,
  images: readonly Image[],
  endpoint: ExportEndpoint,
): Promise<void> {
  const plan = new ExportPlan(content, scope, endpoint);
  for (const image of images) await plan.add(image);
  for (const file of await plan.files()) await writeFile(content, scope, endpoint.bytes, file);
  await endpoint.bytes.write(tarEnd);
}

class ExportPlan {
  readonly #content: ContentStore;
  readonly #scope: Scope;
  readonly #endpoint: ExportEndpoint;
  readonly #matcher: PlatformMatcher;
  readonly #blobs = new Map<string, Descriptor>();
  readonly #targets: Descriptor[] = [];
  readonly #docker = new Map<string, DockerEntry>();

  constructor(content: ContentStore, scope: Scope, endpoint: ExportEndpoint) {
    this.#content = content;
    this.#scope = scope;
    this.#endpoint = endpoint;
    this.#matcher = new PlatformMatcher(endpoint.platforms.length > 0 ? endpoint.platforms : [hostPlatform()]);
  }

  async add({ name, target }: Image): Promise<void> {
    const kind = mediaKind(target.mediaType);
    if (kind !== 'manifest' && kind !== 'index') {
      throw new KindError('invalid-argument', `image ${JSON.stringify(name)}: only manifests may be exported`);
    }
    const annotations = new Map(target.annotations ?? []);
    annotations.set('io.containerd.image.name', name);
    annotations.set('org.opencontainers.image.ref.name', ociReferenceName(name));
    for (const [key, value] of (await this.#content.info(this.#scope, target.digest)).labels) {
      if (key.startsWith('containerd.io/distribution.source')) annotations.set(key, value);
    }
    this.#targets.push({ ...target, annotations });
    const manifest = kind === 'manifest' ? target : await this.#addIndex(name, target);
    if (kind === 'manifest') await this.#addTree(target);
    const entry = this.#docker.get(manifest.digest) ?? { manifest, names: [] };
    entry.names.push(name);
    this.#docker.set(manifest.digest, entry);
  }

  /** All files of the archive, by name. */
  async files(): Promise<readonly ArchiveFile[]> {
    const files: ArchiveFile[] = [
      { name: 'oci-layout', mode: 0o444, bytes: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
      { name: 'index.json', mode: 0o644, bytes: this.#indexJson() },
    ];
    if (!this.#endpoint.skipCompatibilityManifest && this.#docker.size > 0) {
      files.push({ name: 'manifest.json', mode: 0o644, bytes: await this.#manifestJson() });
    }
    const directories = new Set<string>();
    for (const blob of this.#blobs.values()) {
      const name = blobPath(blob.digest);
      directories.add('blobs/').add(name.slice(0, name.lastIndexOf('/') + 1));
      files.push({ name, mode: 0o444, blob });
    }
    for (const name of directories) files.push({ name, mode: 0o755 });
    return files.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Adds an index with the manifests wanted; gives the best of them. */
  async #addIndex(name: string, index: Descriptor): Promise<Descriptor> {
    this.#addBlob(index);
    let best: { manifest: Descriptor; rank: number } | undefined;
    for (const manifest of await readChildren(this.#content, this.#scope, index)) {
      const { platform } = manifest;
      const rank = platform === undefined ? Number.MAX_SAFE_INTEGER : this.#matcher.rank(platform);
      if (rank !== undefined && (best === undefined || rank < best.rank)) best = { manifest, rank };
      if (rank !== undefined || this.#endpoint.allPlatforms) await this.#addTree(manifest);
    }
    if (best === undefined)
      throw new KindError('not-found', `image ${JSON.stringify(name)}: no manifest found for platform`);
    return best.manifest;
  }

  async #addTree(descriptor: Descriptor): Promise<void> {
    if (this.#blobs.has(descriptor.digest)) return;
    this.#addBlob(descriptor);
    for (const child of await readChildren(this.#content, this.#scope, descriptor)) await this.#addTree(child);
  }

  #addBlob(descriptor: Descriptor): void {
    if (this.#endpoint.skipNonDistributable && isNonDistributable(descriptor.mediaType)) return;
    this.#blobs.set(descriptor.digest, descriptor);
  }

  #indexJson(): Buffer {
    const manifests = this.#targets.map(descriptorJson);
    return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
  }

  async #manifestJson(): Promise<Buffer> {
    const entries = [];
    for (const { manifest, names } of this.#docker.values()) {
      const bytes = await readDocument(this.#content, this.#scope, manifest.digest);
      const { config, layers } = parseManifest(bytes, `manifest ${manifest.digest}`);
      entries.push({
        Config: blobPath(config.digest),
        RepoTags: names.map(familiarDockerReference),
        Layers: layers.map(({ digest }) => blobPath(digest)),
      });
    }
    return Buffer.from(JSON.stringify(entries));
  }
}

async function writeFile(content: ContentStore, scope: Scope, to: ByteDestination, file: ArchiveFile): Promise<void> {
  const { name, mode, bytes, blob } = file;
  const size = blob?.size ?? bytes?.length ?? 0;
  await to.write(tarFileHeader({ name, mode, size, directory: name.endsWith('/') }));
  if (bytes !== undefined) await to.write(bytes);
  if (blob !== undefined) await writeBlob(content, scope, to, blob);
  await to.write(tarPadding(size));
}

async function writeBlob(content: ContentStore, scope: Scope, to: ByteDestination, blob: Descriptor): Promise<void> {
  await using reader = await content.reader(scope, blob.digest);
  if (reader.size !== blob.size) {
    throw new KindError(
      'failed-precondition',
      `${blob.digest}: has ${reader.size} bytes, not the ${blob.size} of its descriptor`,
    );
  }
  const piece = Buffer.allocUnsafe(Math.min(pieceSize, blob.size));
  for (let offset = 0; offset < blob.size;) {
    scope.signal?.throwIfAborted();
    const read = await reader.read(piece, offset);
    if (read === 0) throw new KindError('data-loss', `${blob.digest}: ends at ${offset} of ${blob.size} bytes`);
    await to.write(piece.subarray(0, read));
    offset += read;
  }
}

function blobPath(digest: string): string {
  const { algorithm, hex } = parseDigest(digest);
  return `blobs/${algorithm}/${hex}`;
}

/** OCI wants the tag alone; a name without one stays whole. */
function ociReferenceName(name: string): string {
  try {
    const { tag, digest } = parseReference(name);
    if (tag === '') return name;
    return digest === '' ? tag : `${tag}@${digest}`;
  } catch (error) {
    if (kindOf(error) === 'invalid-argument') return name;
    throw error;
  }
}
