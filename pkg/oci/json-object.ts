import { KindError } from '../errors/kind-error.ts';

/** The most bytes that a manifest, an index or a configuration may have; the registries' own limit is 4 MiB. */
export const maxDocumentSize = 8 << 20;

/**
 * A JSON object from outside, read member by member with checks. `where` names it in errors.
 * Members that the checks do not ask for are ignored, as the OCI specs demand.
 */
export class JsonObject {
  readonly where: string;
  readonly #members: Readonly<Record<string, unknown>>;

  private constructor(members: Readonly<Record<string, unknown>>, where: string) {
    this.#members = members;
    this.where = where;
  }

  /** @throws KindError `invalid-argument` when the bytes are too many, no UTF-8, no JSON or no object. */
  static parse(bytes: Uint8Array, where: string): JsonObject {
    if (bytes.length > maxDocumentSize) {
      throw new KindError('invalid-argument', `${where}: ${bytes.length} bytes are more than ${maxDocumentSize}`);
    }
    try {
      return JsonObject.of(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)), where);
    } catch (error) {
      if (error instanceof KindError) throw error;
      throw new KindError('invalid-argument', `${where}: no valid JSON`, { cause: error });
    }
  }

  /** @throws KindError `invalid-argument` for anything but an object. */
  static of(value: unknown, where: string): JsonObject {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new KindError('invalid-argument', `${where}: want an object`);
    }
    return new JsonObject(Object.fromEntries(Object.entries(value)), where);
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#members, name) && this.#members[name] !== null;
  }

  /** A string member; empty when it is missing. */
  string(name: string): string {
    if (!this.has(name)) return '';
    const value = this.#members[name];
    if (typeof value !== 'string') throw this.#wrong(name, 'a string');
    return value;
  }

  /** A non-negative whole number; 0 when it is missing. */
  integer(name: string): number {
    if (!this.has(name)) return 0;
    const value = this.#members[name];
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
      throw this.#wrong(name, 'a whole number');
    return value;
  }

  /** An object member; undefined when it is missing. */
  object(name: string): JsonObject | undefined {
    return this.has(name) ? JsonObject.of(this.#members[name], `${this.where}: ${name}`) : undefined;
  }

  /** The objects of a list; none when it is missing. */
  objects(name: string): JsonObject[] {
    return this.#list(name).map((value, at) => JsonObject.of(value, `${this.where}: ${name}[${at}]`));
  }

  /** The strings of a list; none when it is missing. */
  strings(name: string): string[] {
    return this.#list(name).map((value) => {
      if (typeof value !== 'string') throw this.#wrong(name, 'strings');
      return value;
    });
  }

  /** An object of strings. */
  stringMap(name: string): Map<string, string> {
    const map = new Map<string, string>();
    if (!this.has(name)) return map;
    const value = this.#members[name];
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.#wrong(name, 'an object');
    for (const [key, text] of Object.entries(value)) {
      if (typeof text !== 'string') throw this.#wrong(name, 'an object of strings');
      map.set(key, text);
    }
    return map;
  }

  #list(name: string): unknown[] {
    if (!this.has(name)) return [];
    const value = this.#members[name];
    if (!Array.isArray(value)) throw this.#wrong(name, 'a list');
    return value;
  }

  #wrong(name: string, want: string): KindError {
    return new KindError('invalid-argument', `${this.where}: member ${JSON.stringify(name)} must be ${want}`);
  }
}
