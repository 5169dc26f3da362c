import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseOptions } from '../../pkg/database/database-options.ts';
import type { Database } from '../../pkg/database/database.ts';
import { openDatabase } from '../../pkg/database/open-database.ts';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { schema } from './schema.ts';

/** Where the database lies in the plugin's root directory. */
export function metadataDirectory(root: string): string {
  return join(root, 'db');
}

/**
 * Opens the daemon's database in the plugin's root directory.
 * @throws KindError `failed-precondition` when another containerd keeps its database there; else as `openDatabase`.
 */
export async function openMetadata(root: string, options: Pick<DatabaseOptions, 'sync' | 'log'>): Promise<Database> {
  const foreign = join(root, 'meta.db');
  if (existsSync(foreign)) {
    const text = `"${foreign}" is the database of another containerd, which is left alone; give this daemon a root directory of its own`;
    throw new KindError('failed-precondition', text);
  }
  return await openDatabase(metadataDirectory(root), { ...schema, ...options });
}
