import { KindError } from '../errors/kind-error.ts';
import type { DatabaseOptions } from './database-options.ts';
import type { RawRecords } from './migration.ts';
import type { Level } from './open-level.ts';
import { decodeRecordKey, encodeRecordKey } from './record-key.ts';
import { RecordStore } from './record-store.ts';
import { sequencesTable } from './sequences-table.ts';
import type { Table } from './table.ts';

const versionTable = '.version';
const versionKey = { table: versionTable, group: '', key: '' };

/**
 * Brings the key tree to this program's version and reads everything into memory.
 * @throws KindError `failed-precondition` for a tree that a newer program wrote; `data-loss` for a record that
 * cannot be decoded or is of no known table.
 */
export async function loadRecords(level: Level, options: DatabaseOptions): Promise<RecordStore> {
  await migrate(level, options);
  const tables = tablesByName(options);
  const store = new RecordStore(tables);
  for await (const entries of entriesOf(level)) {
    for (const [keyBytes, bytes] of entries) {
      const { table, group, key } = decodeRecordKey(keyBytes);
      if (table === versionTable) continue;
      try {
        const known = tables.get(table);
        if (known === undefined) throw new Error('no such table');
        store.set(table, group, key, known.decode(bytes));
      } catch (cause) {
        const where = `record ${JSON.stringify(key)} in group ${JSON.stringify(group)} of table "${table}"`;
        throw new KindError('data-loss', `database "${level.location}": ${where} (${String(cause)})`, { cause });
      }
    }
  }
  return store;
}

/** The tables of a database by name, its own among them. */
export function tablesByName(options: DatabaseOptions): ReadonlyMap<string, Table<unknown>> {
  const all: readonly Table<unknown>[] = [sequencesTable, ...options.tables];
  return new Map(all.map((table) => [table.name, table]));
}

async function migrate(level: Level, options: DatabaseOptions): Promise<void> {
  const found = await storedVersion(level);
  if (found === options.version) return;
  if (found !== undefined && found > options.version) {
    const text = `database "${level.location}" has version ${found}, this program knows up to ${options.version}; use a newer one`;
    throw new KindError('failed-precondition', text);
  }
  const changes = new Map<string, { key: Uint8Array; value: Uint8Array | undefined }>();
  const put = (key: Uint8Array, value: Uint8Array | undefined) =>
    changes.set(Buffer.from(key).toString('latin1'), { key, value });
  if (found !== undefined) {
    const records = await readRaw(level);
    const raw = rawRecords(records, put);
    for (const step of options.migrations ?? []) if (step.to > found && step.to <= options.version) step.migrate(raw);
  }
  put(encodeRecordKey(versionKey), Buffer.from(String(options.version)));
  await level.batch(
    [...changes.values()].map(({ key, value }) =>
      value === undefined ? { type: 'del', key } : { type: 'put', key, value },
    ),
    { sync: true },
  );
}

async function storedVersion(level: Level): Promise<number | undefined> {
  const bytes = await level.get(encodeRecordKey(versionKey));
  if (bytes === undefined) {
    for await (const _ of level.keys({ limit: 1 }))
      throw new KindError('data-loss', `database "${level.location}" holds records but no version`);
    return undefined;
  }
  const version = Number(Buffer.from(bytes).toString());
  if (!Number.isSafeInteger(version) || version < 1)
    throw new KindError('data-loss', `database "${level.location}" has a malformed version`);
  return version;
}

type RawTree = Map<string, { table: string; group: string; key: string; bytes: Uint8Array }>;

/** All entries in order, fetched many at a time: one by one they would cost a turn of the loop each. */
async function* entriesOf(level: Level): AsyncIterableIterator<[key: Uint8Array, value: Uint8Array][]> {
  await using iterator = level.iterator({ highWaterMarkBytes: 256 * 1024 });
  for (;;) {
    const entries = await iterator.nextv(500);
    if (entries.length === 0) return;
    yield entries;
  }
}

async function readRaw(level: Level): Promise<RawTree> {
  const records: RawTree = new Map();
  for await (const entries of entriesOf(level))
    for (const [keyBytes, bytes] of entries)
      records.set(Buffer.from(keyBytes).toString('latin1'), { ...decodeRecordKey(keyBytes), bytes });
  return records;
}

function rawRecords(records: RawTree, write: (key: Uint8Array, value: Uint8Array | undefined) => void): RawRecords {
  return {
    *list(table) {
      for (const record of [...records.values()])
        if (record.table === table) yield [record.group, record.key, record.bytes];
    },
    put(table, group, key, bytes) {
      const encoded = encodeRecordKey({ table, group, key });
      records.set(Buffer.from(encoded).toString('latin1'), { table, group, key, bytes });
      write(encoded, bytes);
    },
    delete(table, group, key) {
      const encoded = encodeRecordKey({ table, group, key });
      records.delete(Buffer.from(encoded).toString('latin1'));
      write(encoded, undefined);
    },
  };
}
