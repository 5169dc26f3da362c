import type { Descriptor } from '../../../pkg/oci/descriptor.ts';
import type { ContentStore } from '../../content/content-store.ts';
import type { LeaseManager } from '../../leases/lease-manager.ts';

/** What was found in an archive: documents by name, blobs by name. */
export interface ImportedFiles {
  readonly documents: ReadonlyMap<string, Buffer>;
  readonly blobs: ReadonlyMap<string, Pick<Descriptor, 'digest' | 'size'>>;
  readonly symlinks: ReadonlyMap<string, string>;
}

/** What importing works with. */
export interface ImportServices {
  readonly content: ContentStore;
  readonly leases: LeaseManager;
}
