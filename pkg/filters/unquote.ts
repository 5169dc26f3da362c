const simple = new Map(Object.entries({ a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 }));
const escapes = /\\(?:([0-7]{3})|x(..)|u(....)|U(........)|(.))/gsu;

/**
 * The text of a quoted literal that scanned well. `\x` and octal escapes are bytes, the others characters.
 * @returns undefined when an escape names a byte above 255 or a character beyond Unicode.
 */
export function unquote(literal: string): string | undefined {
  const parts: Buffer[] = [];
  let last = 1;
  for (const match of literal.matchAll(escapes)) {
    parts.push(Buffer.from(literal.slice(last, match.index)));
    last = match.index + match[0].length;
    const [, octal, hex, short, long, letter = ''] = match;
    const byte = octal !== undefined ? parseInt(octal, 8) : hex !== undefined ? parseInt(hex, 16) : undefined;
    const point = short !== undefined ? parseInt(short, 16) : long !== undefined ? parseInt(long, 16) : undefined;
    if ((byte ?? 0) > 0xff || (point ?? 0) > 0x10ffff) return undefined;
    if (byte !== undefined) parts.push(Buffer.of(byte));
    else if (point !== undefined) parts.push(Buffer.from(String.fromCodePoint(point)));
    else parts.push(Buffer.from(simple.has(letter) ? String.fromCharCode(simple.get(letter) ?? 0) : letter));
  }
  parts.push(Buffer.from(literal.slice(last, -1)));
  return Buffer.concat(parts).toString();
}
