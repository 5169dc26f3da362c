import { tarError } from './tar-error.ts';
import type { SparseRange } from './tar-entry.ts';
import { readNumber } from './tar-header.ts';

/** A hostile map could be as long as the archive. */
const maxRanges = 100_000;

/** Reads `count` entries of a GNU sparse map from a block. */
export function readSparseBlock(block: Buffer, start: number, count: number): SparseRange[] {
  const ranges: SparseRange[] = [];
  for (let at = start; ranges.length < count && block[at] !== 0; at += 24) {
    ranges.push({ offset: readNumber(block, at, 12), length: readNumber(block, at + 12, 12) });
  }
  return ranges;
}

/** Pairs offsets and lengths up. */
export function pairRanges(numbers: readonly number[]): SparseRange[] {
  if (numbers.length % 2 !== 0) throw tarError('a sparse map has an odd number of members');
  const ranges: SparseRange[] = [];
  for (let i = 0; i < numbers.length; i += 2) ranges.push({ offset: numbers[i] ?? 0, length: numbers[i + 1] ?? 0 });
  return ranges;
}

/**
 * Checks that a map's ranges rise without overlap, lie within the file and hold all of its content.
 * @throws KindError `invalid-argument`
 */
export function checkSparse(ranges: readonly SparseRange[], size: number, contentSize: number): void {
  if (ranges.length > maxRanges) throw tarError('a sparse map is too long');
  let end = 0;
  let sum = 0;
  for (const { offset, length } of ranges) {
    if (offset < end || length < 0 || offset + length > size) throw tarError('a sparse map is out of order');
    end = offset + length;
    sum += length;
  }
  if (sum !== contentSize) throw tarError('a sparse map does not fit its content');
}
