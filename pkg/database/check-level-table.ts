import { hasLevelChecksum } from './level-checksum.ts';
import { LevelDamage } from './level-damage.ts';
import { VarintReader } from './varint-reader.ts';

const footerSize = 48;
const trailerSize = 5;
const magic = 0xdb4775248b80fb57n;

/**
 * Checks a sorted table of LevelDB's: each block against its checksum. Tables are written without compression here, so the index can be read.
 * @throws LevelDamage when a block is not as it was written.
 */
export function checkLevelTable(file: Buffer): void {
  if (file.length < footerSize) throw new LevelDamage('it is too short');
  const footer = file.subarray(-footerSize);
  if (footer.readBigUInt64LE(footerSize - 8) !== magic) throw new LevelDamage('it does not end as a table does');
  const handles = new VarintReader(footer);
  readBlock(file, handles);
  const index = readBlock(file, handles);
  for (const handle of blockValues(index)) readBlock(file, new VarintReader(handle));
}

/** The block that the reader's next two numbers name: offset and size. */
function readBlock(file: Buffer, handle: VarintReader): Buffer {
  const offset = handle.varint();
  const size = handle.varint();
  const end = offset + size;
  if (end + trailerSize > file.length) throw new LevelDamage(`the block at byte ${offset} is cut off`);
  // The checksum covers the block and the byte that names its compression.
  if (!hasLevelChecksum(file.subarray(offset, end + 1), file.readUInt32LE(end + 1)))
    throw new LevelDamage(`the block at byte ${offset} does not have its checksum`);
  if (file[end] !== 0) throw new LevelDamage(`the block at byte ${offset} is compressed`);
  return file.subarray(offset, end);
}

/** The values of a block's entries: prefix length, key length, value length, key, value; behind them the restart points. */
function* blockValues(block: Buffer): IterableIterator<Buffer> {
  if (block.length < 4) throw new LevelDamage('an index is too short');
  const end = block.length - 4 - 4 * block.readUInt32LE(block.length - 4);
  if (end < 0) throw new LevelDamage('an index is malformed');
  const entries = new VarintReader(block.subarray(0, end));
  while (!entries.atEnd) {
    entries.varint();
    const keyLength = entries.varint();
    const valueLength = entries.varint();
    entries.bytes(keyLength);
    yield entries.bytes(valueLength);
  }
}
