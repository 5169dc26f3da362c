import { LevelDamage } from './level-damage.ts';
import { readLevelLog } from './level-log.ts';
import { VarintReader } from './varint-reader.ts';

/** What a manifest says the database consists of. */
export interface LevelManifest {
  /** The sizes of the tables in bytes by their numbers. */
  readonly tables: ReadonlyMap<number, number>;
  /** Logs with this number and later ones hold what is not in the tables; 0 before there was any. */
  readonly logNumber: number;
}

/**
 * Reads a manifest: a log of edits, each a list of tagged fields.
 * @throws LevelDamage when it is not as LevelDB wrote it.
 */
export function readLevelManifest(file: Buffer): LevelManifest {
  const tables = new Map<number, number>();
  let logNumber = 0;
  for (const edit of readLevelLog(file)) {
    const reader = new VarintReader(edit);
    while (!reader.atEnd) {
      const tag = reader.varint();
      if (tag === 1)
        reader.bytes(); // comparator
      else if (tag === 2) logNumber = reader.varint();
      else if (tag === 3 || tag === 4 || tag === 9)
        reader.varint(); // next file, last sequence, previous log
      else if (tag === 5) {
        reader.varint(); // compaction pointer: level, key
        reader.bytes();
      } else if (tag === 6) {
        reader.varint(); // level
        tables.delete(reader.varint());
      } else if (tag === 7) {
        reader.varint(); // level
        tables.set(reader.varint(), reader.varint());
        reader.bytes(); // smallest and largest key
        reader.bytes();
      } else throw new LevelDamage(`an edit has the unknown field ${tag}`);
    }
  }
  return { tables, logNumber };
}
