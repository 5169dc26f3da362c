import type { DatabaseOptions } from './database-options.ts';
import type { Database } from './database.ts';
import { LevelDatabase } from './level-database.ts';

/**
 * Opens the database in `directory`, or makes it there. One process at a time has it open.
 *
 * @throws KindError whose message names the directory: `failed-precondition` when another process has it open or a newer
 * program wrote it; `data-loss` when a file of it is damaged or missing (nothing is cut off or repaired silently; the unfinished
 * end of a write that was never acknowledged is no damage); else `internal`.
 *
 * @example
 * await using database = await openDatabase('/var/lib/x/db', { tables: [imagesTable], version: 1 });
 */
export function openDatabase(directory: string, options: DatabaseOptions): Promise<Database> {
  return LevelDatabase.open(directory, options);
}
