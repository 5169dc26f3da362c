import { tarError } from './tar-error.ts';

/** Keyword and value of pax extended header records in their order; both are byte strings. */
export type PaxRecords = readonly (readonly [keyword: string, value: string])[];

/**
 * Decodes the body of a pax extended header: records `<length> <keyword>=<value>\n`.
 * @throws KindError `invalid-argument`
 */
export function parsePaxRecords(body: Buffer): PaxRecords {
  const text = body.toString('latin1');
  const records: [string, string][] = [];
  let at = 0;
  while (at < text.length) {
    const blank = text.indexOf(' ', at);
    const digits = text.slice(at, blank);
    if (blank < 0 || !/^[0-9]{1,8}$/.test(digits)) throw tarError('a pax record has a bad length');
    const end = at + Number(digits);
    const equals = text.indexOf('=', blank);
    if (end > text.length || text[end - 1] !== '\n' || equals < 0 || equals >= end - 1 || equals === blank + 1) {
      throw tarError('a pax record is malformed');
    }
    records.push([text.slice(blank + 1, equals), text.slice(equals + 1, end - 1)]);
    at = end;
  }
  return records;
}

/** A decimal time with a fraction, as whole seconds (rounded down) and nanoseconds. */
export function parsePaxTime(value: string): { seconds: number; nanoseconds: number } {
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(value);
  if (!match) throw tarError('a pax record has a bad time');
  const seconds = Number(match[2]);
  const nanoseconds = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'));
  if (match[1] !== '-') return { seconds, nanoseconds };
  return nanoseconds === 0
    ? { seconds: -seconds, nanoseconds }
    : { seconds: -seconds - 1, nanoseconds: 1e9 - nanoseconds };
}

/** A decimal number of a pax record. */
export function parsePaxNumber(value: string): number {
  const number = Number(value);
  if (!/^[0-9]+$/.test(value) || !Number.isSafeInteger(number)) throw tarError('a pax record has a bad number');
  return number;
}
