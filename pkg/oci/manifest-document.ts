import { KindError } from '../errors/kind-error.ts';
import type { Descriptor } from './descriptor.ts';
import { JsonObject } from './json-object.ts';
import { parseDescriptor } from './parse-descriptor.ts';

/** An image manifest: a configuration and the layers, base first. */
export interface ManifestDocument {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** More layers than any snapshotter can stack. */
const maxLayers = 10_000;

/** @throws KindError `invalid-argument` when the bytes are no manifest. */
export function parseManifest(bytes: Uint8Array, where: string): ManifestDocument {
  const json = JsonObject.parse(bytes, where);
  if (json.has('manifests') || json.has('fsLayers')) {
    // A document that reads as either would be judged by one tool as this and by the next as that (CVE-2021-41190).
    throw new KindError('invalid-argument', `${where}: a manifest must not have manifests or fsLayers`);
  }
  const config = json.object('config');
  if (config === undefined) throw new KindError('invalid-argument', `${where}: no config`);
  const layers = json.objects('layers').map(parseDescriptor);
  if (layers.length > maxLayers) throw new KindError('invalid-argument', `${where}: too many layers`);
  return { config: parseDescriptor(config), layers };
}
