/** Where a record lives: the parts of its key on disk. */
export interface RecordKey {
  readonly table: string;
  readonly group: string;
  readonly key: string;
}

const escape = '\0\u0002';
const terminator = '\0\u0001';

/**
 * A record's key on disk: `<table> 00 <group> 00 01 <key>` in UTF-8, every 00 of the group written as 00 02.
 * So groups and keys may hold any character, and bytewise order on disk is the order of table, group, key.
 */
export function encodeRecordKey({ table, group, key }: RecordKey): Uint8Array {
  return Buffer.from(`${table}\0${group.replaceAll('\0', escape)}${terminator}${key}`);
}

/**
 * Takes a key on disk apart.
 * @throws Error for bytes that {@link encodeRecordKey} does not write.
 */
export function decodeRecordKey(bytes: Uint8Array): RecordKey {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  const tableEnd = text.indexOf('\0');
  const groupEnd = text.indexOf(terminator, tableEnd + 1);
  if (tableEnd <= 0 || groupEnd < 0) throw new Error(`malformed record key ${JSON.stringify(text)}`);
  return {
    table: text.slice(0, tableEnd),
    group: text.slice(tableEnd + 1, groupEnd).replaceAll(escape, '\0'),
    key: text.slice(groupEnd + terminator.length),
  };
}
