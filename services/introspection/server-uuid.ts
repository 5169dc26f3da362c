import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from '../../pkg/sys/system-error.ts';

const uuidForm = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * The uuid of the daemon on this root directory: kept in the file `uuid`, made at the first start. A file that holds
 * none (a crash, a hand) is replaced.
 */
export async function serverUuid(directory: string): Promise<string> {
  const path = join(directory, 'uuid');
  const kept = await readFile(path, 'utf8').catch(ignoreMissing);
  if (kept !== undefined && uuidForm.test(kept.trim())) return kept.trim();
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const uuid = randomUUID();
  const temporary = `${path}.new`;
  await using file = await open(temporary, 'w', 0o600);
  await file.writeFile(uuid);
  await file.sync();
  await rename(temporary, path);
  return uuid;
}

function ignoreMissing(error: unknown): undefined {
  if (!isSystemError(error, 'ENOENT')) throw error;
}
