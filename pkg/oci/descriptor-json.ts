import type { Descriptor } from './descriptor.ts';

/** A descriptor as JSON documents hold it. */
export function descriptorJson(descriptor: Descriptor): Record<string, unknown> {
  const { annotations, platform, urls } = descriptor;
  return {
    mediaType: descriptor.mediaType,
    digest: descriptor.digest,
    size: descriptor.size,
    ...(urls === undefined || urls.length === 0 ? {} : { urls }),
    ...(annotations === undefined || annotations.size === 0
      ? {}
      : { annotations: Object.fromEntries([...annotations].sort(([a], [b]) => (a < b ? -1 : 1))) }),
    ...(platform === undefined
      ? {}
      : {
          platform: {
            architecture: platform.architecture,
            os: platform.os,
            ...(platform.osVersion === undefined ? {} : { 'os.version': platform.osVersion }),
            ...(platform.osFeatures === undefined ? {} : { 'os.features': platform.osFeatures }),
            ...(platform.variant === undefined ? {} : { variant: platform.variant }),
          },
        }),
  };
}
