import type { Logger } from '../log/logger.ts';
import type { Migration } from './migration.ts';
import type { Table } from './table.ts';

/** What a database is opened with. */
export interface DatabaseOptions {
  /** Every table that the database may hold. */
  readonly tables: readonly Table<unknown>[];
  /** The version of the key tree that this program writes, from 1. A newer one on disk is refused. */
  readonly version: number;
  /** The steps from older versions, in ascending order; none by default. */
  readonly migrations?: readonly Migration[];
  /** Whether a batch is on disk only once it survives a power cut; true by default. Without, it survives the process. */
  readonly sync?: boolean;
  /** Told when the database had to be opened again after a failed write. */
  readonly log?: Logger;
}
