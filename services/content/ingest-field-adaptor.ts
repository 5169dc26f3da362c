import type { FieldAdaptor } from '../../pkg/filters/filter.ts';
import type { IngestStatus } from './content-store.ts';

/** What filters see of an ingest: `ref`. */
export function ingestFieldAdaptor(status: IngestStatus): FieldAdaptor {
  return (path) => (path[0] === 'ref' ? status.ref : undefined);
}
