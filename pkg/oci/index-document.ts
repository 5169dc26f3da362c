import { KindError } from '../errors/kind-error.ts';
import type { Descriptor } from './descriptor.ts';
import { JsonObject } from './json-object.ts';
import { parseDescriptor } from './parse-descriptor.ts';

/** An image index or a Docker manifest list: the manifests of an image, one a platform. */
export interface IndexDocument {
  readonly manifests: readonly Descriptor[];
}

/** More manifests than any image has; each costs memory and a request. */
const maxManifests = 10_000;

/** @throws KindError `invalid-argument` when the bytes are no index. */
export function parseIndex(bytes: Uint8Array, where: string): IndexDocument {
  const json = JsonObject.parse(bytes, where);
  if (json.has('config') || json.has('layers') || json.has('fsLayers')) {
    // A document that reads as either would be judged by one tool as this and by the next as that (CVE-2021-41190).
    throw new KindError('invalid-argument', `${where}: an index must not have config or layers`);
  }
  const manifests = json.objects('manifests').map(parseDescriptor);
  if (manifests.length > maxManifests) throw new KindError('invalid-argument', `${where}: too many manifests`);
  return { manifests };
}
