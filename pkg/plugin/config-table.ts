import { parseGoDuration } from '../duration/parse-go-duration.ts';
import { KindError } from '../errors/kind-error.ts';

/**
 * Reads the values of a table of the configuration. Every method throws a KindError `invalid-argument` that names the key, when the value is
 * of another type, out of range, or missing without a `fallback`.
 *
 * @example
 * parse: (table) => ({ delay: new ConfigTable(table).duration('schedule_delay') }),
 */
export class ConfigTable {
  readonly #table: Readonly<Record<string, unknown>>;
  readonly #path: string;

  /** @param path of the table itself, for messages */
  constructor(table: Readonly<Record<string, unknown>>, path = '') {
    this.#table = table;
    this.#path = path;
  }

  string(key: string, fallback?: string): string {
    const value = this.#get(key) ?? fallback;
    return typeof value === 'string' ? value : this.#refuse(key, 'a string', value);
  }

  boolean(key: string, fallback?: boolean): boolean {
    const value = this.#get(key) ?? fallback;
    return typeof value === 'boolean' ? value : this.#refuse(key, 'true or false', value);
  }

  number(key: string, fallback?: number): number {
    const value = this.#get(key) ?? fallback;
    return typeof value === 'number' ? value : this.#refuse(key, 'a number', value);
  }

  integer(key: string, range: { readonly min?: number; readonly max?: number } = {}): number {
    const { min = 0, max = Number.MAX_SAFE_INTEGER } = range;
    const value = this.#get(key);
    const valid = typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
    return valid ? value : this.#refuse(key, `a whole number from ${min} to ${max}`, value);
  }

  strings(key: string, fallback?: readonly string[]): readonly string[] {
    const value = this.#get(key) ?? fallback;
    return isStrings(value) ? value : this.#refuse(key, 'a list of strings', value);
  }

  /** A duration as Go writes it, in milliseconds. */
  duration(key: string): number {
    const text = this.string(key);
    try {
      return parseGoDuration(text);
    } catch {
      return this.#refuse(key, 'a duration (such as "10s" or "1m30s")', text);
    }
  }

  /** A table within; an empty one when it is missing. */
  table(key: string): ConfigTable {
    const value = this.#get(key) ?? {};
    if (!isTable(value)) return this.#refuse(key, 'a table', value);
    return new ConfigTable(value, this.#nameOf(key));
  }

  /** Every key with what `read` makes of it. */
  mapValues<T>(read: (table: this, key: string) => T): [string, T][] {
    return Object.keys(this.#table).map((key) => [key, read(this, key)]);
  }

  #get(key: string): unknown {
    return Object.hasOwn(this.#table, key) ? this.#table[key] : undefined;
  }

  #nameOf(key: string): string {
    const name = /^[A-Za-z0-9_-]+$/.test(key) ? key : `'${key}'`;
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }

  #refuse(key: string, wanted: string, value: unknown): never {
    const got = value === undefined ? 'missing' : JSON.stringify(value);
    throw new KindError('invalid-argument', `${this.#nameOf(key)} must be ${wanted}, not ${got}`);
  }
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((element) => typeof element === 'string');
}
