import type { Image as ImageMessage } from '../../api/gen/containerd/services/images/v1/images.ts';
import type { Descriptor as DescriptorMessage } from '../../api/gen/containerd/types/types.ts';
import { toTimestamp } from '../../api/time/to-timestamp.ts';
import type { Descriptor } from '../../pkg/oci/descriptor.ts';
import type { Image, ImageFields } from './image-store.ts';

/** An image as a message. */
export function encodeImage({ name, labels, target, createdAt, updatedAt }: Image): ImageMessage {
  return {
    name,
    labels: new Map(labels),
    target: encodeTarget(target),
    createdAt: toTimestamp(createdAt),
    updatedAt: toTimestamp(updatedAt),
  };
}

/** What a caller gave of an image; the times are the store's. What is missing is empty, and for the store to refuse. */
export function decodeImage(message: ImageMessage | undefined): ImageFields {
  return {
    name: message?.name ?? '',
    labels: message?.labels ?? new Map(),
    target: decodeTarget(message?.target),
  };
}

function encodeTarget({ mediaType, digest, size, annotations }: Descriptor): DescriptorMessage {
  return { mediaType, digest, size: BigInt(size), annotations: new Map(annotations) };
}

function decodeTarget(message: DescriptorMessage | undefined): Descriptor {
  const { mediaType = '', digest = '', size = 0n, annotations } = message ?? {};
  return { mediaType, digest, size: Number(size), ...(annotations && annotations.size > 0 && { annotations }) };
}
