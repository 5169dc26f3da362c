import { Blob as BlobProto } from '../../api/gen/gantry/metadata/v1/metadata.ts';
import type { Table } from '../../pkg/database/table.ts';
import type { ContentInfo } from '../content/content-store.ts';
import { storedLabels } from './stored-labels.ts';

/** The blobs that a namespace has: group is the namespace, key the digest. */
export const blobsTable: Table<ContentInfo> = {
  name: 'blobs',
  encode: (blob) => BlobProto.encode({ ...blob, size: BigInt(blob.size), labels: new Map(blob.labels) }).finish(),
  decode: (bytes) => {
    const blob = BlobProto.decode(bytes);
    return { ...blob, size: Number(blob.size), labels: storedLabels(blob.labels) };
  },
};
