import { parseDigest } from '../digest/parse-digest.ts';
import { KindError } from '../errors/kind-error.ts';
import type { Platform } from '../platforms/platform.ts';
import type { Descriptor } from './descriptor.ts';
import type { JsonObject } from './json-object.ts';

/** @throws KindError `invalid-argument` for a missing media type, a bad digest or size, or a member of the wrong type. */
export function parseDescriptor(json: JsonObject): Descriptor {
  const digest = json.string('digest');
  parseDigest(digest);
  const mediaType = json.string('mediaType');
  if (mediaType === '' || mediaType.length > 255 || !/^[\x21-\x7e]+$/.test(mediaType)) {
    throw new KindError('invalid-argument', `${json.where}: bad media type`);
  }
  const annotations = json.stringMap('annotations');
  const platform = json.object('platform');
  const urls = json.strings('urls');
  return {
    mediaType,
    digest,
    size: json.integer('size'),
    ...(annotations.size === 0 ? {} : { annotations }),
    ...(platform === undefined ? {} : { platform: parsePlatformObject(platform) }),
    ...(urls.length === 0 ? {} : { urls }),
  };
}

/** The members of a platform, as a descriptor's `platform` and an image's configuration have them. */
export function parsePlatformObject(json: JsonObject): Platform {
  const variant = json.string('variant');
  const osVersion = json.string('os.version');
  const osFeatures = json.strings('os.features');
  return {
    os: json.string('os'),
    architecture: json.string('architecture'),
    ...(variant === '' ? {} : { variant }),
    ...(osVersion === '' ? {} : { osVersion }),
    ...(osFeatures.length === 0 ? {} : { osFeatures }),
  };
}
