import type { Facts, Normaliser } from './tour-step.ts';

const month = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';

/** What differs from run to run in any output, with what stands for it. */
const everywhere: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| ?[+-]\d\d:?\d\d)?(?: UTC)?/g, '{time}'],
  [new RegExp(`${month} +\\d+ \\d\\d:\\d\\d`, 'g'), '{time}'],
  // What a client counts while it looks on depends on when it looks.
  [/elapsed: *[\d.]+ *s\s+total: *[\d.]+ *[KMGT]?i? *B?\s*\(.*\)/g, 'elapsed, total'],
  [/\b(?:\d+h)?(?:\d+m)?\d+(?:\.\d+)?(?:ms|µs|s)\b/g, '{duration}'],
  [/\/tmp\/containerd-mount\d+/g, '{mount}'],
  [/\/run\/containerd\/fifo\/\d+/g, '{fifos}'],
  [/extract-\d+-\S{4}/g, 'extract-{n}'],
  [/Less than a second|About an? (?:minute|hour)|\b\d+ (?:second|minute|hour)s?(?: ago)?/g, '{ago}'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '{uuid}'],
];

/**
 * What holds for every output: the screen a terminal would show in the end, facts by their names, no times, no widths.
 * `facts` may be of the daemon alone (its directory) or of both.
 */
export function normalise(text: string, facts: Facts): string {
  let plain = screen(text);
  // The longest first: one may be a part of another.
  const known = [...facts]
    // What is short, or a number such as a process id, may stand anywhere by chance.
    .filter(([, value]) => value.length > 3 && !/^\d{1,9}$/.test(value))
    .sort(([, a], [, b]) => b.length - a.length);
  for (const [name, value] of known) plain = plain.replaceAll(value, `{${name}}`);
  for (const [pattern, name] of everywhere) plain = plain.replaceAll(pattern, name);
  const lines = plain.split('\n').map((line) => line.replaceAll(/[ \t]+/g, ' ').trimEnd());
  return lastFrame(lines).join('\n');
}

/** Of a progress that is not shown on a terminal, and so picture after picture, the last one and what follows. */
function lastFrame(lines: readonly string[]): readonly string[] {
  // What a client looked for while it stopped looking, and whether another had it first.
  lines = lines
    .filter((line) => !line.endsWith('error="context canceled"'))
    .map((line) => line.replace(/: exists \|/, ': done |'));
  const ends = lines.flatMap((line, index) => (line.endsWith('elapsed, total') ? [index + 1] : []));
  return lines.slice(ends.at(-2) ?? 0);
}

/** What stands on a terminal in the end: `ctr` shows progress by going up and writing over. */
export function screen(text: string): string {
  const lines: string[] = [''];
  let row = 0;
  let over = false;
  for (const [token, up] of text.matchAll(/\u001B\[(\d*)A|\u001B\[[\d;?]*[A-Za-z]|\r*\n|\r|[^\r\n\u001B]+|\u001B/g)) {
    if (token.endsWith('\n')) lines[++row] ??= '';
    else if (up !== undefined) row = Math.max(0, row - Number(up === '' ? 1 : up));
    else if (token === '\u001B[2K' || token === '\u001B[K') lines[row] = '';
    else if (!token.startsWith('\u001B') && token !== '\r') lines[row] = over ? token : `${lines[row] ?? ''}${token}`;
    over = token === '\r';
  }
  return lines.join('\n');
}

/** Lines in an order of their own: the daemon's says nothing. */
export const sorted: Normaliser = (text) => text.split('\n').sort().join('\n');

/** What is listed after commas, in order: Go walks its maps as it likes. */
export const sortedLabels: Normaliser = (text) =>
  text
    .split('\n')
    .map((line) =>
      // A value may hold commas of its own.
      line.replaceAll(/[^\s,]+=[^\s,]*(?:,[^\s,]+)+/g, (list) =>
        list
          .split(/,(?=[^,]+=)/)
          .sort()
          .join(','),
      ),
    )
    .join('\n');

/** Each line once. */
export const distinct: Normaliser = (text) => [...new Set(text.split('\n'))].join('\n');

/** Nothing but the lines that match. */
export function only(pattern: RegExp): Normaliser {
  return (text) =>
    text
      .split('\n')
      .filter((line) => pattern.test(line))
      .join('\n');
}

/** All lines but those that match. */
export function without(pattern: RegExp): Normaliser {
  return (text) =>
    text
      .split('\n')
      .filter((line) => !pattern.test(line))
      .join('\n');
}

/** What a line of progress is about: what stands before its state, without the branches of the tree. */
const progressName =
  /[^\s│├└─].*?(?=\s+(?:waiting|downloading|complete|already|saved|exists|fetching|extract|upload|done)|\s*$)/;

/**
 * Of the progress of a transfer, what it was about: the client stops looking when the transfer is done, whatever it has been told by then, so
 * that the states and the last of the news are a matter of luck.
 */
export const transferred: Normaliser = (text) => {
  const names = text
    .split('\n')
    .filter((line) => !line.endsWith('elapsed, total'))
    .map((line) => (/^(?:ctr:|time=)/.test(line) ? line : (progressName.exec(line)?.[0] ?? '')));
  return [...new Set(names)].sort().join('\n');
};

/** One thing for another. */
export function replaced(pattern: RegExp, by: string): Normaliser {
  return (text) => text.replaceAll(pattern, by);
}

/** A number that says nothing: a process id, say. */
export const numbers: Normaliser = replaced(/\b\d+\b/g, '{n}');
