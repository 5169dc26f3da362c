import type { Logger } from '../../pkg/log/logger.ts';
import type { ContentStore } from '../content/content-store.ts';
import type { DiffService } from '../diff/diff-service.ts';
import type { LayerUnpacker } from '../diff/layer-unpacker.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { LeaseManager } from '../leases/lease-manager.ts';

/** The services that transfers work with. */
export interface TransferServices {
  readonly content: ContentStore;
  readonly images: ImageStore;
  readonly leases: LeaseManager;
  readonly diff: DiffService;
  readonly layers?: LayerUnpacker | undefined;
  readonly log: Logger;
}
