import type { Descriptor } from '../../../pkg/oci/descriptor.ts';
import { mediaKind } from '../../../pkg/oci/media-types.ts';
import type { PlatformMatcher } from '../../../pkg/platforms/platform-matcher.ts';
import type { Snapshotter } from '../../../snapshotters/snapshotter.ts';

/** Where images of some platforms are unpacked to. */
export interface UnpackTarget {
  /** The operating system whose images go here. */
  readonly os: string;
  /** Which of its platforms; missing for all. */
  readonly matcher?: PlatformMatcher | undefined;
  /** The snapshotter's name. */
  readonly name: string;
  readonly snapshotter: Snapshotter;
  /** Whether a snapshot may get its parent at its commit, so that layers need not wait for one another. */
  readonly rebase: boolean;
  /** The media type of the configurations of the images that go here; empty for those of ordinary images. */
  readonly configType: string;
  /** The media types of the layers that go here; none for those of ordinary images. */
  readonly layerTypes: readonly string[];
}

/** Whether a target takes images with a configuration of this media type. */
export function takesConfig({ configType }: UnpackTarget, config: Descriptor): boolean {
  return configType === '' ? mediaKind(config.mediaType) === 'config' : config.mediaType === configType;
}

/** Whether a target takes a layer. */
export function takesLayer({ layerTypes }: UnpackTarget, layer: Descriptor): boolean {
  return layerTypes.length === 0 ? mediaKind(layer.mediaType) === 'layer' : layerTypes.includes(layer.mediaType);
}
