import type { CharacterTest } from './re2-node.ts';

/** Inclusive ranges of code points. */
export type Ranges = readonly (readonly [low: number, high: number])[];

/** Part of a set: ranges, or a Unicode property as JavaScript writes it, either of them negated or not. */
export type SetItem =
  { readonly ranges: Ranges; readonly negated: boolean } | { readonly property: string; readonly negated: boolean };

const maxPoint = 0x10ffff;

/** The ranges of all other characters. */
export function complement(ranges: Ranges): Ranges {
  const result: [number, number][] = [];
  let next = 0;
  for (const [low, high] of [...ranges].sort((a, b) => a[0] - b[0])) {
    if (low > next) result.push([next, low - 1]);
    next = Math.max(next, high + 1);
  }
  if (next <= maxPoint) result.push([next, maxPoint]);
  return result;
}

/**
 * A test for the characters of a set. `fold` also admits those that differ from one of them by case alone.
 *
 * Folding and properties are left to a JavaScript expression of one class that is only ever run on one character, in constant time.
 */
export function characterTest(items: readonly SetItem[], negated: boolean, fold: boolean): CharacterTest {
  if (fold || items.some((item) => 'property' in item)) {
    const expression = new RegExp(`^[${items.map(classText).join('')}]$`, fold ? 'iu' : 'u');
    // Lone surrogates do not occur in text that came as UTF-8.
    return (point) => expression.test(String.fromCodePoint(point)) !== negated;
  }
  const ranges = items.flatMap((item) => ('ranges' in item ? itemRanges(item) : []));
  const [only] = ranges;
  if (ranges.length === 1 && only !== undefined && !negated) {
    const [low, high] = only;
    return low === high ? (point) => point === low : (point) => point >= low && point <= high;
  }
  return (point) => ranges.some(([low, high]) => point >= low && point <= high) !== negated;
}

function itemRanges(item: { readonly ranges: Ranges; readonly negated: boolean }): Ranges {
  return item.negated ? complement(item.ranges) : item.ranges;
}

function classText(item: SetItem): string {
  if ('property' in item) return `\\${item.negated ? 'P' : 'p'}{${item.property}}`;
  return itemRanges(item)
    .map(([low, high]) => `\\u{${low.toString(16)}}-\\u{${high.toString(16)}}`)
    .join('');
}
