import { Image as ImageProto } from '../../api/gen/gantry/metadata/v1/metadata.ts';
import type { Table } from '../../pkg/database/table.ts';
import type { Image } from '../images/image-store.ts';
import { storedLabels } from './stored-labels.ts';

/** Images: group is the namespace, key the name. */
export const imagesTable: Table<Image> = {
  name: 'images',
  encode: ({ labels, target, ...image }) => {
    const { mediaType, digest, size, annotations } = target;
    const descriptor = { mediaType, digest, size: BigInt(size), annotations: new Map(annotations) };
    return ImageProto.encode({ ...image, labels: new Map(labels), target: descriptor }).finish();
  },
  decode: (bytes) => {
    const { target, ...image } = ImageProto.decode(bytes);
    if (target === undefined) throw new Error('image without a target');
    const { mediaType, digest, size, annotations } = target;
    return {
      ...image,
      labels: storedLabels(image.labels),
      target: {
        mediaType,
        digest,
        size: Number(size),
        ...(annotations.size > 0 && { annotations }),
      },
    };
  },
};
