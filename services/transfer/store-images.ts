import { kindOf } from '../../pkg/errors/kind-of.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import type { Scope } from '../../pkg/scope/scope.ts';
import type { Image, ImageFields, ImageStore } from '../images/image-store.ts';
import type { ExtraReference, ImageStoreEndpoint } from './transfer-endpoint.ts';

/** Tries between an image that appears and disappears under our hands. */
const maxTries = 10;

/**
 * Gives a pulled or tagged descriptor its names: the destination's own and its extra references. Names that are taken are moved.
 *
 * @throws KindError `not-found` when the destination gives no name at all.
 */
export async function storeImages(
  images: ImageStore,
  scope: Scope,
  destination: ImageStoreEndpoint,
  target: Descriptor,
): Promise<readonly Image[]> {
  const { name, labels } = destination;
  const wanted: ImageFields[] = name === '' ? [] : [{ name, labels, target }];
  for (const reference of destination.extraReferences) {
    // Prefixes are for what an archive names itself.
    if (reference.isPrefix) continue;
    const full = reference.addDigest ? `${reference.name}@${target.digest}` : reference.name;
    wanted.push({ name: full, labels: extraLabels(destination), target });
  }
  return await putAll(images, scope, wanted);
}

/**
 * Gives an imported descriptor the names that its annotations and the destination's prefixes make.
 *
 * @throws KindError `not-found` when there is no name.
 */
export async function storeImported(
  images: ImageStore,
  scope: Scope,
  destination: ImageStoreEndpoint,
  target: Descriptor,
): Promise<readonly Image[]> {
  const wanted: ImageFields[] = [];
  const labels = extraLabels(destination);
  for (const reference of destination.extraReferences) {
    if (!reference.isPrefix) continue;
    const name = importedName(target.annotations ?? new Map(), reference);
    if (name !== '') wanted.push({ name, labels, target });
    if (reference.addDigest && (name === '' || !reference.skipNamedDigest)) {
      wanted.push({ name: `${reference.name}@${target.digest}`, labels, target });
    }
  }
  return await putAll(images, scope, wanted);
}

/** Names beside the first live as long as that one. */
function extraLabels({ name, labels }: ImageStoreEndpoint): ReadonlyMap<string, string> {
  if (name === '') return labels;
  const expired = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  return new Map([...labels, ['containerd.io/gc.bref.image', name], ['containerd.io/gc.expire', expired]]);
}

function importedName(annotations: ReadonlyMap<string, string>, reference: ExtraReference): string {
  const full = annotations.get('io.containerd.image.name') ?? '';
  if (full !== '') return underPrefix(full, reference) === full ? full : '';
  const short = annotations.get('org.opencontainers.image.ref.name') ?? '';
  return short === '' ? '' : underPrefix(short, reference);
}

/** A tag becomes a name under the prefix; a full name stays, if it may. */
function underPrefix(name: string, { name: prefix, allowOverwrite }: ExtraReference): string {
  if (prefix === '') return '';
  if (!/[/:@]/.test(name)) return `${prefix}:${name}`;
  const within =
    name.startsWith(prefix) && (name.length === prefix.length || '/:@'.includes(name[prefix.length] ?? ''));
  return allowOverwrite || within ? name : '';
}

async function putAll(images: ImageStore, scope: Scope, wanted: readonly ImageFields[]): Promise<readonly Image[]> {
  if (wanted.length === 0) throw new KindError('not-found', 'no image name found');
  const stored: Image[] = [];
  for (const image of wanted) stored.push(await put(images, scope, image));
  return stored;
}

async function put(images: ImageStore, scope: Scope, image: ImageFields): Promise<Image> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await images.create(scope, image);
    } catch (error) {
      if (kindOf(error) !== 'already-exists') throw error;
    }
    try {
      return await images.update(scope, image, []);
    } catch (error) {
      // Removed meanwhile: create it after all.
      if (kindOf(error) !== 'not-found' || attempt === maxTries) throw error;
    }
  }
}
