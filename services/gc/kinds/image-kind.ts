import { ImageDelete } from '../../../api/gen/containerd/services/images/v1/images.ts';
import { packAny } from '../../../api/any/pack-any.ts';
import type { Image } from '../../images/image-store.ts';
import { imagesTable } from '../../metadata/images-table.ts';
import { expiryOf } from '../gc-labels.ts';
import type { RecordKind } from '../record-kind.ts';

/** Images: they live for ever, or until `gc.expire` and then as long as something refers to them; each keeps its target. */
export const imageKind: RecordKind<Image> = {
  name: 'image',
  table: imagesTable,
  collectable: true,
  conditional: true,
  isRoot({ labels }, { now }) {
    const end = expiryOf(labels);
    return end === undefined || end >= now;
  },
  labels: ({ labels }) => labels,
  references: ({ target }, { group }, visit) => visit('content', group, target.digest),
  removalEvent(namespace, name) {
    const event = packAny('containerd.services.images.v1.ImageDelete', ImageDelete, { name });
    return { namespace, topic: '/images/delete', event };
  },
};
