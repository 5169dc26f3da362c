import { ImagesDefinition } from '../../api/gen/containerd/services/images/v1/images.ts';
import { rpcService, type RpcService } from '../../api/rpc/service.ts';
import { decodeImage, encodeImage } from './convert.ts';
import type { ImageStore } from './image-store.ts';

/** `containerd.services.images.v1.Images` over an image store. `source_date_epoch` changes nothing that is kept. */
export function imagesGrpc(store: ImageStore): RpcService {
  return rpcService(ImagesDefinition, {
    async get({ name }, context) {
      return { image: encodeImage(await store.get(context.scope(), name)) };
    },
    async list({ filters }, context) {
      return { images: (await store.list(context.scope(), filters)).map(encodeImage) };
    },
    async create({ image }, context) {
      return { image: encodeImage(await store.create(context.scope(), decodeImage(image))) };
    },
    async update({ image, updateMask }, context) {
      return { image: encodeImage(await store.update(context.scope(), decodeImage(image), updateMask ?? [])) };
    },
    async delete({ name, sync, target }, context) {
      // A target without a digest asks for none.
      await store.delete(context.scope(), name, { sync, target: target?.digest || undefined });
      return {};
    },
  });
}
