import type { Ranges, SetItem } from './character-set.ts';

/** Ranges written as pairs of characters: `azAZ` is a to z and A to Z. */
function ranges(pairs: string): Ranges {
  const points = Array.from(pairs, (character) => character.codePointAt(0) ?? 0);
  return points.flatMap((low, i) => (i % 2 === 0 ? [[low, points[i + 1] ?? low] as const] : []));
}

/** `\d`, `\s`, `\w`: ASCII only. */
const perlSets = new Map([
  ['d', ranges('09')],
  ['s', ranges('\t\n\f\r  ')],
  ['w', ranges('09AZ__az')],
]);

/** The names between `[:` and `:]`. */
const posixSets = new Map([
  ['alnum', ranges('09AZaz')],
  ['alpha', ranges('AZaz')],
  ['ascii', ranges('\0\x7f')],
  ['blank', ranges('\t\t  ')],
  ['cntrl', ranges('\0\x1f\x7f\x7f')],
  ['digit', ranges('09')],
  ['graph', ranges('!~')],
  ['lower', ranges('az')],
  ['print', ranges(' ~')],
  ['punct', ranges('!/:@[`{~')],
  ['space', ranges('\t\r  ')],
  ['upper', ranges('AZ')],
  ['word', ranges('09AZ__az')],
  ['xdigit', ranges('09AFaf')],
]);

/** The set of `\d`, `\D` and so on, by the letter. */
export function perlSet(letter: string): SetItem | undefined {
  const set = perlSets.get(letter.toLowerCase());
  return set && { ranges: set, negated: letter !== letter.toLowerCase() };
}

/** The set of `[:name:]` or `[:^name:]`. */
export function posixSet(name: string): SetItem | undefined {
  const negated = name.startsWith('^');
  const set = posixSets.get(negated ? name.slice(1) : name);
  return set && { ranges: set, negated };
}

/** The set of `\p{name}` or, negated, `\P{name}`: a general category, a script, or Any. */
export function unicodeSet(name: string, negated: boolean): SetItem | undefined {
  const inverted = name.startsWith('^');
  const plain = inverted ? name.slice(1) : name;
  const flip = inverted !== negated;
  if (plain === 'Any') return { ranges: [[0, 0x10ffff]], negated: flip };
  if (/^[A-Z][a-z]?$/.test(plain) && isProperty(`gc=${plain}`)) return { property: `gc=${plain}`, negated: flip };
  if (/^[A-Z][A-Za-z_]+$/.test(plain) && isProperty(`sc=${plain}`)) return { property: `sc=${plain}`, negated: flip };
  return undefined;
}

function isProperty(property: string): boolean {
  try {
    new RegExp(`\\p{${property}}`, 'u');
    return true;
  } catch {
    return false;
  }
}
