import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { KindError } from '../errors/kind-error.ts';
import { checkLevelTable } from './check-level-table.ts';
import { LevelDamage } from './level-damage.ts';
import { readLevelLog } from './level-log.ts';
import { readLevelManifest } from './level-manifest.ts';

/**
 * Checks the files of a LevelDB that is about to be opened against their checksums.
 *
 * LevelDB leaves this out unless its option `paranoid_checks` is set, which classic-level does not offer: it drops damaged
 * parts of a log silently, and with the first new table the log. A directory without a database passes.
 *
 * @throws KindError `data-loss`, naming the file, when one that belongs to the database is damaged or missing.
 */
export async function verifyLevelFiles(directory: string): Promise<void> {
  const names = await readdir(directory).catch((): string[] => []);
  const current = names.includes('CURRENT') ? (await readFile(join(directory, 'CURRENT'), 'utf8')).trim() : undefined;
  if (current === undefined) {
    const orphan = names.find((name) => /\.(log|ldb|sst)$/.test(name));
    if (orphan !== undefined) throw damage(join(directory, 'CURRENT'), 'it is missing');
    return;
  }
  if (!/^MANIFEST-\d+$/.test(current)) throw damage(join(directory, 'CURRENT'), 'it does not name a manifest');
  const { tables, logNumber } = await check(join(directory, current), readLevelManifest);
  for (const [number, size] of tables) {
    const name = names.find((file) => /\.(ldb|sst)$/.test(file) && parseInt(file, 10) === number);
    await check(join(directory, name ?? `${fileNumber(number)}.ldb`), (file) => {
      if (file.length !== size) throw new LevelDamage(`it has ${file.length} bytes instead of ${size}`);
      checkLevelTable(file);
    });
  }
  const logs = names.filter((name) => name.endsWith('.log') && parseInt(name, 10) >= logNumber);
  if (logNumber > 0 && !logs.some((name) => parseInt(name, 10) === logNumber))
    throw damage(join(directory, `${fileNumber(logNumber)}.log`), 'it is missing');
  for (const name of logs) {
    await check(join(directory, name), (file) => {
      for (const _ of readLevelLog(file)) continue;
    });
  }
}

async function check<T>(path: string, read: (file: Buffer) => T): Promise<T> {
  try {
    const file = await readFile(path);
    // A file is some milliseconds of work: let others have a turn in between.
    await setImmediate();
    return read(file);
  } catch (error) {
    if (error instanceof LevelDamage) throw damage(path, error.message);
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw damage(path, 'it is missing');
    throw error;
  }
}

function damage(path: string, problem: string): KindError {
  return new KindError(
    'data-loss',
    `database file "${path}" is damaged (${problem}); restore the database from a backup`,
  );
}

function fileNumber(number: number): string {
  return String(number).padStart(6, '0');
}
