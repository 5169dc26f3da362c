import { Ingest as IngestProto } from '../../api/gen/gantry/metadata/v1/metadata.ts';
import type { Table } from '../../pkg/database/table.ts';

/** What is kept of an ingest. */
export interface IngestRecord {
  /** The client's name for it. */
  readonly ref: string;
  /** The backend's name for it, the same for no two namespaces. */
  readonly backendRef: string;
  /** Nanoseconds since 1970; 0 when it does not expire. */
  readonly expireAt: bigint;
  /** The digest that it will have; empty when unknown. */
  readonly expected: string;
}

/** Ingests: group is the namespace, key the ref. */
export const ingestsTable: Table<IngestRecord> = {
  name: 'ingests',
  encode: (ingest) => IngestProto.encode(ingest).finish(),
  decode: (bytes) => IngestProto.decode(bytes),
};
