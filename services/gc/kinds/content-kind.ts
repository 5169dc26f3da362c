import type { ContentInfo } from '../../content/content-store.ts';
import { blobsTable } from '../../metadata/blobs-table.ts';
import { expiryOf, hasRootLabel } from '../gc-labels.ts';
import type { RecordKind } from '../record-kind.ts';

/** Blobs: they live by references, or by `gc.root`, or until `gc.expire`. */
export const contentKind: RecordKind<ContentInfo> = {
  name: 'content',
  table: blobsTable,
  collectable: true,
  conditional: true,
  isRoot: ({ labels }, { now }) => hasRootLabel(labels) || (expiryOf(labels) ?? -1n) >= now,
  labels: ({ labels }) => labels,
  references: () => undefined,
};
