import { KindError } from '../../pkg/errors/kind-error.ts';

/**
 * A process as JSON of the OCI runtime specification, with `terminal` as asked for. All else stays as it was written: numbers such as an
 * unlimited resource limit do not survive a JavaScript number.
 *
 * @throws KindError `invalid-argument` for text that is no JSON object.
 */
export function withTerminal(spec: string, terminal: boolean): string {
  const value = parsed(spec);
  if ((value['terminal'] ?? false) === terminal) return spec;
  const member = `"terminal":${String(terminal)}`;
  const place = findMember(spec, 'terminal');
  if (place) return `${spec.slice(0, place.start)}${member}${spec.slice(place.end)}`;
  const open = spec.indexOf('{') + 1;
  return `${spec.slice(0, open)}${member}${Object.keys(value).length > 0 ? ',' : ''}${spec.slice(open)}`;
}

function parsed(spec: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(spec);
  } catch (cause) {
    throw new KindError('invalid-argument', `process spec: ${String(cause)}`, { cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new KindError('invalid-argument', 'process spec: no JSON object');
}

/** Where a member of the outermost object is, name and value; the last one of that name. The text is valid JSON, and the value a bare word. */
function findMember(text: string, name: string): { start: number; end: number } | undefined {
  const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s"{}[\]:,]+/gs;
  let depth = 0;
  let start = -1;
  let expected = false;
  let found: { start: number; end: number } | undefined;
  for (let match = tokens.exec(text); match !== null; match = tokens.exec(text)) {
    const { 0: token, index } = match;
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    if (depth !== 1 || token === '{' || token === '}' || token === ']') continue;
    if (token === ',') start = -1;
    else if (token === ':') expected = start >= 0;
    else if (expected) {
      found = { start, end: index + token.length };
      expected = false;
      start = -1;
    } else start = token.startsWith('"') && JSON.parse(token) === name ? index : -1;
  }
  return found;
}
