import { parseDigest } from '../digest/parse-digest.ts';
import { KindError } from '../errors/kind-error.ts';
import { normalizePlatform } from '../platforms/normalize-platform.ts';
import type { Platform } from '../platforms/platform.ts';
import { JsonObject } from './json-object.ts';
import { parsePlatformObject } from './parse-descriptor.ts';

/** What unpacking needs of an image's configuration. */
export interface ImageConfig {
  /** Normalized. */
  readonly platform: Platform;
  /** `layers`, or empty. */
  readonly rootfsType: string;
  /** The digests of the uncompressed layers, base first. */
  readonly diffIds: readonly string[];
}

/** @throws KindError `invalid-argument` when the bytes are no configuration or a diff id is no digest. */
export function parseImageConfig(bytes: Uint8Array, where: string): ImageConfig {
  const json = JsonObject.parse(bytes, where);
  const rootfs = json.object('rootfs');
  const diffIds = rootfs?.strings('diff_ids') ?? [];
  for (const diffId of diffIds) parseDigest(diffId);
  const rootfsType = rootfs?.string('type') ?? '';
  if (rootfsType.length > 64) throw new KindError('invalid-argument', `${where}: bad rootfs type`);
  return { platform: normalizePlatform(parsePlatformObject(json)), rootfsType, diffIds };
}
