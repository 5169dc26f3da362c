/** The media types of images, OCI's and Docker's. */
export const mediaTypes = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerForeignLayer: 'application/vnd.docker.image.rootfs.foreign.diff.tar',
  dockerSchema1: 'application/vnd.docker.distribution.manifest.v1+prettyjws',
} as const;

/** What a blob is for, as its media type tells. */
export type MediaKind = 'index' | 'manifest' | 'config' | 'layer' | 'attestation' | 'unknown';

const kinds: Readonly<Record<string, MediaKind>> = {
  [mediaTypes.ociIndex]: 'index',
  [mediaTypes.dockerIndex]: 'index',
  [mediaTypes.ociManifest]: 'manifest',
  [mediaTypes.dockerManifest]: 'manifest',
  [mediaTypes.ociConfig]: 'config',
  [mediaTypes.dockerConfig]: 'config',
  'application/vnd.docker.container.image.rootfs.diff+x-gtar': 'config',
  'application/vnd.containerd.container.checkpoint.config.v1+proto': 'config',
  'application/vnd.in-toto+json': 'attestation',
};

/** The kind of a media type; suffixes such as `+gzip` do not matter. */
export function mediaKind(mediaType: string): MediaKind {
  const known = Object.hasOwn(kinds, mediaType) ? kinds[mediaType] : undefined;
  if (known !== undefined) return known;
  if (mediaType.startsWith('application/vnd.oci.image.layer.')) return 'layer';
  const plain = mediaType.split(/[.+](?:gzip|zstd)$/, 1)[0];
  return plain === mediaTypes.dockerLayer || plain === mediaTypes.dockerForeignLayer ? 'layer' : 'unknown';
}

/** Whether a layer must not be pushed to or exported for others. */
export function isNonDistributable(mediaType: string): boolean {
  return (
    mediaType.startsWith('application/vnd.oci.image.layer.nondistributable.') ||
    mediaType.startsWith(mediaTypes.dockerForeignLayer)
  );
}
