/** What a look at a JSON text tells of a member. */
export type SoleMember =
  | { readonly kind: 'none' }
  | { readonly kind: 'found'; readonly value: unknown }
  /** It is there more than once, or not as expected: the text has to be parsed. */
  | { readonly kind: 'unclear' };

const blank = /[ \t\r\n]/;

/**
 * The value of a member that a valid JSON text has once, at whatever depth, without parsing the rest: a spec is long, and what it takes
 * when it is parsed stays with the process. Only strings, flat objects and arrays of these are found so.
 */
export function soleMember(text: string, name: string): SoleMember {
  const token = JSON.stringify(name);
  const at = text.indexOf(token);
  if (at < 0) return { kind: 'none' };
  // A quote that is escaped is in the middle of another string.
  if (text[at - 1] === '\\' || text.includes(token, at + 1)) return { kind: 'unclear' };
  const colon = skipBlanks(text, at + token.length);
  if (text[colon] !== ':') return { kind: 'unclear' };
  const start = skipBlanks(text, colon + 1);
  const end = endOf(text, start);
  if (end < 0) return { kind: 'unclear' };
  try {
    return { kind: 'found', value: JSON.parse(text.slice(start, end)) };
  } catch {
    return { kind: 'unclear' };
  }
}

function skipBlanks(text: string, at: number): number {
  let next = at;
  while (blank.test(text[next] ?? '')) next++;
  return next;
}

/** Where a value ends; an array at its first bracket, an object at its first brace. -1 for other values. */
function endOf(text: string, start: number): number {
  if (text[start] === '[') return text.indexOf(']', start) + 1 || -1;
  if (text[start] === '{') return text.indexOf('}', start) + 1 || -1;
  if (text[start] !== '"') return -1;
  let quote = text.indexOf('"', start + 1);
  // Escaped, when an odd number of backslashes is before it.
  while (quote > 0 && /(?:^|[^\\])(?:\\\\)*\\$/.test(text.slice(start + 1, quote)))
    quote = text.indexOf('"', quote + 1);
  return quote < 0 ? -1 : quote + 1;
}
