import type { Cursor } from './cursor.ts';
import { Re2Error } from './re2-error.ts';

/** How often: `max` is undefined when there is no bound. */
export interface RepeatRange {
  readonly min: number;
  readonly max: number | undefined;
}

/** The most that a count may say. */
export const maxRepeat = 1000;

/**
 * Reads a repetition operator with the `?` that makes it lazy, if one stands here. A brace that is none stays, as a literal.
 * @throws Re2Error for a count above 1000 or a range that runs backwards.
 */
export function parseRepeat(cursor: Cursor): RepeatRange | undefined {
  const range = parseRange(cursor);
  if (range !== undefined) cursor.take('?');
  return range;
}

function parseRange(cursor: Cursor): RepeatRange | undefined {
  if (cursor.take('*')) return { min: 0, max: undefined };
  if (cursor.take('+')) return { min: 1, max: undefined };
  if (cursor.take('?')) return { min: 0, max: 1 };
  if (cursor.peek() !== '{') return undefined;
  const goBack = cursor.mark();
  cursor.next();
  const min = parseCount(cursor);
  const comma = cursor.take(',');
  const max = comma ? parseCount(cursor) : min;
  const open = comma && max === undefined && cursor.peek() === '}';
  if (min === undefined || (max === undefined && !open) || !cursor.take('}')) {
    goBack();
    return undefined;
  }
  if (min > maxRepeat || (max ?? min) > maxRepeat || (max ?? min) < min) throw new Re2Error('invalid repeat count');
  return { min, max };
}

function parseCount(cursor: Cursor): number | undefined {
  let digits = '';
  while (/[0-9]/.test(cursor.peek())) digits += cursor.next();
  if (digits === '' || (digits.length > 1 && digits.startsWith('0'))) return undefined;
  return Number(digits);
}
