import { noLabels } from '../../../pkg/labels/labels.ts';
import { ingestsTable, type IngestRecord } from '../../metadata/ingests-table.ts';
import type { RecordKind } from '../record-kind.ts';

/** Ingests: they live as long as a lease lists them, or until their time is over; each keeps the blob that it will be. */
export const ingestKind: RecordKind<IngestRecord> = {
  name: 'ingest',
  table: ingestsTable,
  collectable: true,
  conditional: false,
  isRoot: ({ expireAt }, { now }) => expireAt !== 0n && expireAt >= now,
  labels: () => noLabels,
  references({ expected }, { group }, visit) {
    if (expected !== '') visit('content', group, expected);
  },
};
