import type { Cursor } from './cursor.ts';
import { Re2Error } from './re2-error.ts';

const controls = new Map(Object.entries({ a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 }));

/**
 * Reads an escape that stands for one character and returns its code point.
 * @throws Re2Error for any other: unknown letters, back references, numbers beyond Unicode.
 */
export function parseEscape(cursor: Cursor): number {
  cursor.skip(1);
  if (cursor.atEnd) throw new Re2Error('trailing backslash at end of expression');
  const character = cursor.next();
  if (/[0-7]/.test(character)) {
    if (character !== '0' && !/[0-7]/.test(cursor.peek())) throw new Re2Error('invalid escape sequence');
    let digits = character;
    while (digits.length < 3 && /[0-7]/.test(cursor.peek())) digits += cursor.next();
    return parseInt(digits, 8);
  }
  if (character === 'x') return parseHexadecimal(cursor);
  const control = controls.get(character);
  if (control !== undefined) return control;
  const point = character.codePointAt(0) ?? 0;
  if (point < 0x80 && !/[A-Za-z0-9]/.test(character)) return point;
  throw new Re2Error(`invalid escape sequence: \\${character}`);
}

function parseHexadecimal(cursor: Cursor): number {
  const braced = cursor.take('{');
  let digits = '';
  while (/[0-9A-Fa-f]/.test(cursor.peek()) && digits.length < (braced ? 8 : 2)) digits += cursor.next();
  const complete = braced ? digits !== '' && cursor.take('}') : digits.length === 2;
  const point = parseInt(digits, 16);
  if (!complete || point > 0x10ffff) throw new Re2Error('invalid escape sequence');
  return point;
}
