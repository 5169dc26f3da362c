import { characterTest, type SetItem } from './character-set.ts';
import type { Cursor } from './cursor.ts';
import { perlSet, posixSet, unicodeSet } from './named-sets.ts';
import { parseEscape } from './parse-escape.ts';
import { Re2Error } from './re2-error.ts';
import type { CharacterTest } from './re2-node.ts';

/**
 * Reads a class in brackets.
 * @throws Re2Error when it does not end, or holds an unknown name or a range that runs backwards.
 */
export function parseClass(cursor: Cursor, fold: boolean): CharacterTest {
  cursor.next();
  const negated = cursor.take('^');
  const items: SetItem[] = [];
  let first = true;
  while (first || !cursor.take(']')) {
    if (cursor.atEnd) throw new Re2Error('missing closing ]');
    items.push(parseItem(cursor));
    first = false;
  }
  return characterTest(items, negated, fold);
}

/**
 * Reads `\pL`, `\p{Greek}` or `\P…`, if one stands here.
 * @throws Re2Error for an unknown name.
 */
export function parseUnicodeClass(cursor: Cursor): SetItem | undefined {
  if (cursor.peek() !== '\\' || (cursor.peek(1) !== 'p' && cursor.peek(1) !== 'P')) return undefined;
  const negated = cursor.peek(1) === 'P';
  cursor.skip(2);
  const braced = cursor.take('{');
  if (cursor.atEnd || (braced && !cursor.contains('}'))) throw new Re2Error('invalid character class range');
  const name = braced ? cursor.until('}') : cursor.next();
  const set = unicodeSet(name, negated);
  if (set === undefined) throw new Re2Error(`invalid character class range: \\p{${name}}`);
  return set;
}

function parseItem(cursor: Cursor): SetItem {
  if (cursor.peek() === '[' && cursor.peek(1) === ':') {
    const posix = parsePosix(cursor);
    if (posix !== undefined) return posix;
  }
  const unicode = parseUnicodeClass(cursor);
  if (unicode !== undefined) return unicode;
  const perl = cursor.peek() === '\\' ? perlSet(cursor.peek(1)) : undefined;
  if (perl !== undefined) {
    cursor.skip(2);
    return perl;
  }
  const low = parseCharacter(cursor);
  let high = low;
  if (cursor.peek() === '-' && cursor.peek(1) !== ']' && cursor.peek(1) !== '') {
    cursor.next();
    high = parseCharacter(cursor);
  }
  if (high < low) throw new Re2Error('invalid character class range');
  return { ranges: [[low, high]], negated: false };
}

function parseCharacter(cursor: Cursor): number {
  if (cursor.atEnd) throw new Re2Error('missing closing ]');
  return cursor.peek() === '\\' ? parseEscape(cursor) : (cursor.next().codePointAt(0) ?? 0);
}

/** `[:name:]`; without the end it is no name but characters. */
function parsePosix(cursor: Cursor): SetItem | undefined {
  const goBack = cursor.mark();
  cursor.skip(2);
  let name = '';
  while (!cursor.atEnd && !(cursor.peek() === ':' && cursor.peek(1) === ']')) name += cursor.next();
  if (!cursor.take(':]')) {
    goBack();
    return undefined;
  }
  const set = posixSet(name);
  if (set === undefined) throw new Re2Error(`invalid character class range: [:${name}:]`);
  return set;
}
