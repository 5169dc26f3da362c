import { KindError } from '../../pkg/errors/kind-error.ts';
import type { StdioTarget } from './stdio-target.ts';

/** What containerd takes for its CRI logs when nothing is configured. Bytes. */
const defaultLongestLine = 16 * 1024;
const mostLongestLine = 1024 * 1024;
const forms = 'a FIFO by its path, fifo://, file://, binary://, binary-v2:// or cri-log://, each with an absolute path';

/**
 * Reads what a client wrote for a standard stream: nothing, a path, or a URI.
 *
 * `binary:///usr/bin/logger?--level=debug` runs that program with the arguments `--level` and `debug`: keys and values in their order, of a repeated
 * key only the first value, as containerd's shim has it. `cri-log:///var/log/pods/x/0.log?max-line=16384` is ours.
 *
 * @throws KindError `unknown`, as containerd's shim, for another scheme; `invalid-argument` for a URI that cannot be meant.
 */
export function parseStdioUri(text: string): StdioTarget {
  if (text === '') return { kind: 'none' };
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return { kind: 'fifo', path: text };
  // Before the rest is looked at, and in the words of containerd's shim.
  if (!isKnown(scheme)) throw new KindError('unknown', `unknown STDIO scheme ${scheme}`);
  const uri = splitUri(text, scheme.length + 1);
  switch (scheme) {
    case 'fifo':
    case 'file':
      return { kind: scheme, path: uri.path };
    case 'binary':
    case 'binary-v2':
      return { kind: 'logger', path: uri.path, args: argumentsOf(uri), strict: scheme === 'binary-v2' };
    case 'cri-log':
      return { kind: scheme, path: uri.path, longestLine: longestLineOf(uri) };
  }
}

const schemes = ['fifo', 'file', 'binary', 'binary-v2', 'cri-log'] as const;

function isKnown(scheme: string): scheme is (typeof schemes)[number] {
  return (schemes as readonly string[]).includes(scheme);
}

interface StdioUri {
  readonly text: string;
  readonly path: string;
  readonly query: ReadonlyMap<string, string>;
}

function splitUri(text: string, start: number): StdioUri {
  const [whole = ''] = text.slice(start).split('#', 1);
  const question = whole.indexOf('?');
  const place = question < 0 ? whole : whole.slice(0, question);
  const path = decode(text, place.startsWith('//') ? place.slice(2) : place);
  if (!path.startsWith('/') || path.includes('\0')) {
    throw new KindError('invalid-argument', `STDIO URI "${text}" names no absolute path: use ${forms}`);
  }
  const query = new Map<string, string>();
  for (const pair of question < 0 ? [] : whole.slice(question + 1).split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const key = decodePart(text, equals < 0 ? pair : pair.slice(0, equals));
    if (!query.has(key)) query.set(key, equals < 0 ? '' : decodePart(text, pair.slice(equals + 1)));
  }
  return { text, path, query };
}

function decodePart(text: string, part: string): string {
  const decoded = decode(text, part.replaceAll('+', ' '));
  if (!decoded.includes('\0')) return decoded;
  throw new KindError('invalid-argument', `STDIO URI "${text}" has a NUL in its query`);
}

function decode(text: string, part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new KindError('invalid-argument', `STDIO URI "${text}" has a broken escape in "${part}": write %25 for %`, {
      cause,
    });
  }
}

function argumentsOf({ query }: StdioUri): string[] {
  return [...query].flat();
}

function longestLineOf({ text, query }: StdioUri): number {
  for (const key of query.keys()) {
    if (key !== 'max-line')
      throw new KindError('invalid-argument', `STDIO URI "${text}" has the option "${key}"; there is max-line only`);
  }
  const given = query.get('max-line');
  if (given === undefined) return defaultLongestLine;
  const bytes = /^[0-9]{1,7}$/.test(given) ? Number(given) : 0;
  if (bytes >= 1 && bytes <= mostLongestLine) return bytes;
  throw new KindError(
    'invalid-argument',
    `STDIO URI "${text}": max-line is a number of bytes between 1 and ${mostLongestLine}`,
  );
}
