/** Where a quoted literal ends, behind its closing quote, and what is wrong with it, if anything is. */
export interface QuotedExtent {
  readonly end: number;
  readonly problem?: string;
}

const numeric = new Map([
  ['x', /[0-9A-Fa-f]{2}/y],
  ['u', /[0-9A-Fa-f]{4}/y],
  ['U', /[0-9A-Fa-f]{8}/y],
]);
const octal = /[0-7]{3}/y;

/** Finds the end of the literal whose quote stands at `start`. Its escapes are those of Go's strings, and one for its quote. */
export function scanQuoted(input: string, start: number): QuotedExtent {
  const quote = input[start];
  let at = start + 1;
  for (;;) {
    const unit = input[at];
    if (unit === undefined || unit === '\n') return { end: at, problem: 'quoted literal not terminated' };
    at++;
    if (unit === quote) return { end: at };
    if (unit !== '\\') continue;
    const escaped = input[at];
    if (escaped === undefined) return { end: at, problem: 'quoted literal not terminated' };
    const digits = escaped >= '0' && escaped <= '7' ? octal : numeric.get(escaped);
    if (digits !== undefined) {
      digits.lastIndex = digits === octal ? at : at + 1;
      if (!digits.test(input)) return { end: at, problem: 'illegal numeric escape sequence' };
      at = digits.lastIndex;
    } else if (escaped === quote || 'abfnrtv\\'.includes(escaped)) {
      at++;
    } else {
      return { end: at, problem: 'illegal escape sequence' };
    }
  }
}
