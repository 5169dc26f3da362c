import { digestOf } from '../../pkg/digest/digest-of.ts';
import { parseDigest } from '../../pkg/digest/parse-digest.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import { parseIndex } from '../../pkg/oci/index-document.ts';
import { maxDocumentSize } from '../../pkg/oci/json-object.ts';
import { parseManifest } from '../../pkg/oci/manifest-document.ts';
import { mediaKind } from '../../pkg/oci/media-types.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { ContentStore } from '../content/content-store.ts';

/**
 * The bytes of a small blob.
 * @throws KindError `not-found`, `invalid-argument` when it is larger than documents may be, `data-loss` when the store's bytes are not the digest's.
 */
export async function readDocument(content: ContentStore, scope: Scope, digest: string): Promise<Buffer> {
  await using reader = await content.reader(scope, digest);
  if (reader.size > maxDocumentSize) {
    throw new KindError('invalid-argument', `${digest}: ${reader.size} bytes are more than a document may have`);
  }
  const bytes = Buffer.alloc(reader.size);
  for (let offset = 0; offset < bytes.length;) {
    const read = await reader.read(bytes.subarray(offset), offset);
    if (read === 0) throw new KindError('data-loss', `${digest}: ends at ${offset} of ${bytes.length} bytes`);
    offset += read;
  }
  if (digestOf(bytes, parseDigest(digest).algorithm) !== digest) {
    throw new KindError('data-loss', `${digest}: the stored bytes are others`);
  }
  return bytes;
}

/** What an index or manifest points to, in its order, a manifest's configuration first; nothing for other kinds. */
export async function readChildren(
  content: ContentStore,
  scope: Scope,
  descriptor: Descriptor,
): Promise<readonly Descriptor[]> {
  const kind = mediaKind(descriptor.mediaType);
  if (kind === 'index') {
    return parseIndex(await readDocument(content, scope, descriptor.digest), `index ${descriptor.digest}`).manifests;
  }
  if (kind !== 'manifest') return [];
  const bytes = await readDocument(content, scope, descriptor.digest);
  const { config, layers } = parseManifest(bytes, `manifest ${descriptor.digest}`);
  return [config, ...layers];
}
