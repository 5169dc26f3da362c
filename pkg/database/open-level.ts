import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { KindError } from '../errors/kind-error.ts';

/** The LevelDB underneath: bytes to bytes. */
export type Level = ClassicLevel<Uint8Array, Uint8Array>;

/**
 * Opens LevelDB in `directory`, which is made when it is not there (its parent, too).
 * @throws KindError `failed-precondition` when another process has it open, `data-loss` when it is damaged,
 * `resource-exhausted` when the disk is full, else `internal`.
 */
export async function openLevel(directory: string): Promise<Level> {
  const level = new ClassicLevel<Uint8Array, Uint8Array>(directory, { keyEncoding: 'view', valueEncoding: 'view' });
  try {
    // Reads are served from our own memory, so LevelDB's cache and buffer stay small. Its index blocks are
    // checked at open (verify-level-files.ts), which needs them uncompressed.
    await level.open({ compression: false, cacheSize: 64 * 1024, writeBufferSize: 1024 * 1024 });
    await syncDirectories(directory);
  } catch (error) {
    await level.close();
    throw openError(directory, error);
  }
  return level;
}

/** LevelDB does not sync the directory for each new log, and nobody syncs the one that its own was made in. */
async function syncDirectories(directory: string): Promise<void> {
  for (const path of [directory, dirname(directory)]) {
    await using handle = await open(path);
    await handle.sync();
  }
}

function openError(directory: string, error: unknown): KindError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const reason = cause instanceof Error ? cause.message : String(cause);
  if (code === 'LEVEL_LOCKED')
    return new KindError('failed-precondition', `database "${directory}" is in use by another process`, { cause });
  if (code === 'LEVEL_CORRUPTION')
    return new KindError('data-loss', `database "${directory}" is damaged (${reason}); restore it from a backup`, {
      cause,
    });
  const kind = reason.includes('No space left') ? 'resource-exhausted' : 'internal';
  return new KindError(kind, `open database "${directory}" (${reason})`, { cause });
}
