import { KindError } from '../../pkg/errors/kind-error.ts';

/** How a layer's bytes are packed; `sniff` leaves it to the first bytes. */
export type LayerCompression = 'none' | 'gzip' | 'zstd' | 'sniff';

/** Types that say nothing in a suffix of theirs; Docker's clients have been known to mislabel them. */
const dockerTypes: ReadonlySet<string> = new Set([
  'application/vnd.docker.image.rootfs.diff.tar',
  'application/vnd.docker.image.rootfs.diff.tar.gzip',
  'application/vnd.docker.image.rootfs.diff.tar.zstd',
  'application/vnd.docker.image.rootfs.foreign.diff.tar',
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
]);

const ociTypes: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.layer.v1.tar',
  'application/vnd.oci.image.layer.nondistributable.v1.tar',
]);

/**
 * Whether a layer of this media type is to be decompressed. As with containerd a suffix says only that it is packed: what
 * with, the bytes tell.
 * @throws KindError `unimplemented` for a type that is no layer, or encrypted.
 */
export function compressionOf(mediaType: string): LayerCompression {
  const [base = '', ...suffixes] = mediaType.split('+');
  const suffix = suffixes.at(-1);
  if (dockerTypes.has(base) && suffix === undefined) return 'sniff';
  if (
    (dockerTypes.has(base) || ociTypes.has(base)) &&
    suffixes.length === 1 &&
    (suffix === 'gzip' || suffix === 'zstd')
  ) {
    return 'sniff';
  }
  if (ociTypes.has(base) && suffix === undefined) return 'none';
  throw new KindError('unimplemented', `layers of media type ${JSON.stringify(mediaType)}`);
}

const packings: ReadonlyMap<string, Exclude<LayerCompression, 'sniff'>> = new Map([
  ['application/vnd.oci.image.layer.v1.tar', 'none'],
  ['application/vnd.oci.image.layer.v1.tar+gzip', 'gzip'],
  ['application/vnd.oci.image.layer.v1.tar+zstd', 'zstd'],
]);

/**
 * How a layer of this media type is to be packed.
 * @throws KindError `unimplemented` for a type that we do not make.
 */
export function packingOf(mediaType: string): Exclude<LayerCompression, 'sniff'> {
  const packing = packings.get(mediaType);
  if (packing) return packing;
  throw new KindError('unimplemented', `unsupported diff media type ${JSON.stringify(mediaType)}`);
}

/** What the first bytes say: RFC 1952 for gzip, RFC 8878 for zstd with its skippable frames. */
export function sniffCompression(start: Uint8Array): LayerCompression {
  const [a, b, c, d] = start;
  if (a === 0x1f && b === 0x8b && c === 0x08) return 'gzip';
  if (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd) return 'zstd';
  if (a !== undefined && (a & 0xf0) === 0x50 && b === 0x2a && c === 0x4d && d === 0x18) return 'zstd';
  return 'none';
}
