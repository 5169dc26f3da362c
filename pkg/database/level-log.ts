import { hasLevelChecksum } from './level-checksum.ts';
import { LevelDamage } from './level-damage.ts';

const blockSize = 32_768;
const headerSize = 7;
const sectorSize = 512;
const full = 1;
const first = 2;
const middle = 3;
const last = 4;

/**
 * The records of one of LevelDB's logs (a write-ahead log or a manifest): blocks of 32 KiB of pieces, each with a header of
 * checksum, length and type.
 *
 * The log may end anywhere in a record: that write was not finished, so nobody was told that it is on disk. Its last sectors
 * may also read as zeros, which is what some filesystems leave after a power cut. Nothing whole comes after such an end.
 * @throws LevelDamage for anything else that is not as it was written; LevelDB itself would go on without it.
 */
export function* readLevelLog(file: Buffer): IterableIterator<Buffer> {
  const written = unpaddedLength(file);
  let pieces: Buffer[] = [];
  for (let at = 0; ;) {
    const room = blockSize - (at % blockSize);
    if (room < headerSize) {
      at += room;
      continue;
    }
    if (at + headerSize > file.length || at >= written) return;
    const end = at + headerSize + file.readUInt16LE(at + 4);
    const type = file.readUInt8(at + 6);
    const fits = end - at <= room;
    if (fits && end > file.length && !recordFollows(file, at)) return;
    if (!fits || end > file.length || !hasLevelChecksum(file.subarray(at + 6, end), file.readUInt32LE(at))) {
      // Sectors that never reached the disk: the rest of the file is zeros from somewhere in this piece on.
      if (Math.ceil(written / sectorSize) * sectorSize < Math.min(end, file.length)) return;
      throw new LevelDamage(`a record at byte ${at} does not have its checksum`);
    }
    const begins = type === full || type === first;
    if (begins !== (pieces.length === 0) || type < full || type > last)
      throw new LevelDamage(`the record at byte ${at} is out of order`);
    pieces.push(file.subarray(at + headerSize, end));
    if (type === full || type === last) {
      yield Buffer.concat(pieces);
      pieces = [];
    } else if (type !== first && type !== middle) throw new LevelDamage(`the record at byte ${at} is of no known type`);
    at = end;
  }
}

/** Whether a whole record begins anywhere behind `at`: then what is at `at` is not where the writing stopped. */
function recordFollows(file: Buffer, at: number): boolean {
  for (let start = at + 1; start + headerSize <= file.length; start++) {
    const type = file.readUInt8(start + 6);
    const end = start + headerSize + file.readUInt16LE(start + 4);
    if (type < full || type > last || end > file.length) continue;
    if (hasLevelChecksum(file.subarray(start + 6, end), file.readUInt32LE(start))) return true;
  }
  return false;
}

/** The length without the zeros at the end. */
function unpaddedLength(file: Buffer): number {
  let length = file.length;
  while (length > 0 && file[length - 1] === 0) length--;
  return length;
}
