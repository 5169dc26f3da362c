import { parsePaxNumber, parsePaxTime, type PaxRecords } from './pax-records.ts';
import type { SparseRange, TarEntry, TarEntryType } from './tar-entry.ts';
import { tarError } from './tar-error.ts';
import type { TarHeader } from './tar-header.ts';

/** The kernel's limit of one value (XATTR_SIZE_MAX) and of a name (XATTR_NAME_MAX). */
const maxXattrValue = 65536;
const maxXattrName = 255;
const maxXattrs = 1024;

const types: ReadonlyMap<string, TarEntryType> = new Map([
  ['0', 'file'],
  ['\0', 'file'],
  ['7', 'file'],
  ['S', 'file'],
  ['1', 'hardlink'],
  ['2', 'symlink'],
  ['3', 'character'],
  ['4', 'block'],
  ['5', 'directory'],
  ['6', 'fifo'],
]);

const xattrPrefix = 'SCHILY.xattr.';

/** What the extended headers before an entry say of it. */
export interface EntryExtras {
  readonly pax: PaxRecords;
  /** GNU long name and link; undefined when the header's own holds. */
  readonly longName: string | undefined;
  readonly longLink: string | undefined;
}

type Fields = { -readonly [K in keyof TarEntry]: TarEntry[K] } & { xattrs: Map<string, Uint8Array> };

function addXattr(fields: Fields, name: string, value: string): void {
  if (name === '' || name.length > maxXattrName || value.length > maxXattrValue || fields.xattrs.size >= maxXattrs) {
    throw tarError(`"${fields.name}" has extended attributes over the limits of the kernel`);
  }
  fields.xattrs.set(name, Buffer.from(value, 'latin1'));
}

function applyRecord(fields: Fields, keyword: string, value: string): void {
  if (keyword.startsWith(xattrPrefix)) addXattr(fields, keyword.slice(xattrPrefix.length), value);
  // An empty value takes a keyword back.
  else if (value === '') return;
  else if (keyword === 'path' || keyword === 'GNU.sparse.name') fields.name = value;
  else if (keyword === 'linkpath') fields.linkName = value;
  else if (keyword === 'size') fields.size = parsePaxNumber(value);
  else if (keyword === 'uid') fields.uid = parsePaxNumber(value);
  else if (keyword === 'gid') fields.gid = parsePaxNumber(value);
  else if (keyword === 'mtime') Object.assign(fields, parsePaxTime(value));
}

function typeOf(header: TarHeader, name: string): TarEntryType {
  const type = types.get(header.flag);
  if (type === undefined) throw tarError(`"${name}" is of the unknown type ${JSON.stringify(header.flag)}`);
  // The oldest tars know a directory by its name alone.
  return header.flag === '\0' && name.endsWith('/') ? 'directory' : type;
}

/**
 * Joins a header with what preceded it.
 * @throws KindError `invalid-argument` for an unknown type, bad numbers and what exceeds a limit.
 */
export function buildEntry(header: TarHeader, extras: EntryExtras): TarEntry {
  const { uid, gid, size, seconds, major, minor } = header;
  const name = extras.longName ?? header.name;
  const linkName = extras.longLink ?? header.linkName;
  const mode = header.mode & 0o7777;
  const fields: Fields = {
    ...{ type: 'file', name, linkName, mode, uid, gid, size, seconds, nanoseconds: 0, major, minor },
    xattrs: new Map<string, Uint8Array>(),
  };
  for (const [keyword, value] of extras.pax) applyRecord(fields, keyword, value);
  fields.type = typeOf(header, fields.name);
  if (fields.type !== 'file') fields.size = 0;
  if (fields.name.includes('\0') || fields.linkName.includes('\0')) throw tarError('a name holds a null byte');
  const inRange = [fields.uid, fields.gid, major, minor].every((id) => id >= 0 && id < 0xffff_ffff);
  if (!inRange || fields.size < 0) throw tarError(`"${fields.name}" has an owner, size or device number out of range`);
  return fields;
}

/** The sparse map of the two older pax forms; undefined when there is none. */
export function paxSparseRanges(pax: PaxRecords): number[] | undefined {
  const map = pax.find(([keyword]) => keyword === 'GNU.sparse.map')?.[1];
  if (map !== undefined) return map === '' ? [] : map.split(',').map(parsePaxNumber);
  const pairs = pax.filter(([keyword]) => keyword === 'GNU.sparse.offset' || keyword === 'GNU.sparse.numbytes');
  return pairs.length === 0 ? undefined : pairs.map(([, value]) => parsePaxNumber(value));
}

/** A sparse entry: its map beside it. */
export function withSparse(entry: TarEntry, ranges: readonly SparseRange[], size: number): TarEntry {
  return { ...entry, sparse: { ranges, size } };
}
