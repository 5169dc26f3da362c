import { tarError } from './tar-error.ts';

/** A header block, its fields decoded; names are byte strings. Numbers beyond 2^53 are refused. */
export interface TarHeader {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly seconds: number;
  /** The type flag's character; a null byte for the oldest form of a file. */
  readonly flag: string;
  readonly linkName: string;
  readonly major: number;
  readonly minor: number;
  /** Whether the GNU layout is used, whose tail holds a sparse map instead of a prefix. */
  readonly gnu: boolean;
}

/** Bytes of a header and the unit that content is padded to. */
export const blockSize = 512;

/** Offsets and lengths of the fields: POSIX ustar, "pax Interchange Format". */
const fields = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  time: [136, 12],
  checksum: [148, 8],
  flag: [156, 1],
  linkName: [157, 100],
  magic: [257, 8],
  major: [329, 8],
  minor: [337, 8],
  prefix: [345, 155],
} as const;

/** A string that ends at its first null byte. */
export function readText(block: Buffer, start: number, length: number): string {
  const end = block.indexOf(0, start);
  return block.toString('latin1', start, end < 0 || end > start + length ? start + length : end);
}

/** Base 256, two's complement, the top bit of the first byte being a mark: GNU tar's form for what octal cannot hold. */
function readBinary(block: Buffer, start: number, length: number): number {
  const first = block[start] ?? 0;
  let value = first & 0x40 ? (first & 0x7f) - 0x80 : first & 0x7f;
  for (let i = start + 1; i < start + length; i++) value = value * 256 + (block[i] ?? 0);
  if (!Number.isSafeInteger(value)) throw tarError('a number in a header is too large');
  return value;
}

/** A number in octal, padded by blanks and null bytes, or in base 256. */
export function readNumber(block: Buffer, start: number, length: number): number {
  if ((block[start] ?? 0) & 0x80) return readBinary(block, start, length);
  let value = 0;
  let digits = 0;
  for (let i = start; i < start + length; i++) {
    const byte = block[i] ?? 0;
    if (byte >= 0x30 && byte <= 0x37) {
      value = value * 8 + byte - 0x30;
      digits++;
    } else if (byte !== 0x20 && byte !== 0) throw tarError('a header holds a bad number');
    else if (digits > 0) break;
  }
  return value;
}

/** The sum over the block with the checksum's own bytes taken as blanks; some old writers summed signed bytes. */
function checkSum(block: Buffer): void {
  const stored = readNumber(block, ...fields.checksum);
  const [from, length] = fields.checksum;
  let unsigned = 32 * length;
  let signed = unsigned;
  for (let i = 0; i < blockSize; i++) {
    if (i >= from && i < from + length) continue;
    const byte = block[i] ?? 0;
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  if (stored !== unsigned && stored !== signed)
    throw tarError('a header has a wrong checksum (is the media type right?)');
}

function readName(block: Buffer, posix: boolean): string {
  const name = readText(block, ...fields.name);
  const prefix = posix ? readText(block, ...fields.prefix) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/**
 * Decodes a header block.
 * @throws KindError `invalid-argument` for a wrong checksum or a bad number.
 */
export function parseTarHeader(block: Buffer): TarHeader {
  checkSum(block);
  const magic = block.toString('latin1', 257, 265);
  const gnu = magic === 'ustar  \0';
  const posix = magic.startsWith('ustar\0');
  return {
    name: readName(block, posix),
    mode: readNumber(block, ...fields.mode),
    uid: readNumber(block, ...fields.uid),
    gid: readNumber(block, ...fields.gid),
    size: readNumber(block, ...fields.size),
    seconds: readNumber(block, ...fields.time),
    flag: block.toString('latin1', 156, 157),
    linkName: readText(block, ...fields.linkName),
    major: gnu || posix ? readNumber(block, ...fields.major) : 0,
    minor: gnu || posix ? readNumber(block, ...fields.minor) : 0,
    gnu,
  };
}
