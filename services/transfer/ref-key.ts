import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import { mediaKind } from '../../pkg/oci/media-types.ts';

/** The name of a descriptor's ingest, and what clients show for it: `layer-sha256:…`, as containerd makes it. */
export function refKey(descriptor: Descriptor): string {
  const name = descriptor.annotations?.get('org.opencontainers.image.ref.name');
  const key = name === undefined ? descriptor.digest : `${name}@${descriptor.digest}`;
  return `${mediaKind(descriptor.mediaType)}-${key}`;
}
