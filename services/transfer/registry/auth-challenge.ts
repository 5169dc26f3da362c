/** One challenge of a `WWW-Authenticate` header (RFC 9110, 11.6.1). */
export interface AuthChallenge {
  /** Lower-case. */
  readonly scheme: string;
  /** Keys in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+/;

/** The challenges of these headers; what does not parse is left out. */
export function parseChallenges(headers: readonly string[]): AuthChallenge[] {
  return headers.flatMap((header) => (header.length > 16 << 10 ? [] : parseHeader(header)));
}

function parseHeader(header: string): AuthChallenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let rest = header;
  for (;;) {
    rest = rest.replace(/^[\s,]+/, '');
    const word = token.exec(rest)?.[0];
    if (word === undefined) return challenges;
    const after = rest.slice(word.length);
    const parameter = /^\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]*))/.exec(after);
    const current = challenges.at(-1);
    if (parameter === null || current === undefined) {
      challenges.push({ scheme: word.toLowerCase(), parameters: new Map() });
      rest = after;
    } else {
      current.parameters.set(word.toLowerCase(), parameter[2] ?? parameter[1]?.replace(/\\(.)/g, '$1') ?? '');
      rest = after.slice(parameter[0].length);
    }
  }
}
