import { KindError } from '../../pkg/errors/kind-error.ts';
import { keyPath } from './key-path.ts';
import { isTable, type Table } from './table.ts';

/** Where a table is from, for messages, and who is told of keys that nobody reads. */
export interface CheckContext {
  readonly file: string;
  readonly unknownKey: (path: string) => void;
}

/**
 * Compares a table of a file with examples of what it may hold: an unknown key is told, a value of another type is an error. An
 * example table without keys, and an example list without elements, may hold anything.
 *
 * @throws KindError `invalid-argument`, naming file and key.
 */
export function checkTable(table: Table, examples: Table, path: readonly string[], context: CheckContext): void {
  for (const [key, value] of Object.entries(table)) {
    const keys = [...path, key];
    if (!Object.hasOwn(examples, key)) context.unknownKey(keyPath(keys));
    else checkValue(value, examples[key], keys, context);
  }
}

/** The same for one value. @throws KindError `invalid-argument`, naming file and key. */
export function checkValue(value: unknown, example: unknown, keys: readonly string[], context: CheckContext): void {
  const expected = typeName(example);
  if (typeName(value) !== expected) {
    const what = `${context.file}: ${keyPath(keys)} must be ${expected}, not ${typeName(value)}`;
    throw new KindError('invalid-argument', what);
  }
  if (isTable(value) && isTable(example) && Object.keys(example).length > 0) {
    checkTable(value, example, keys, context);
  }
  if (!Array.isArray(value) || !Array.isArray(example) || example.length === 0) return;
  const elements: readonly unknown[] = value;
  elements.forEach((element, index) => {
    checkValue(element, example[0], [...keys, String(index)], context);
  });
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Date) return 'a date';
  if (isTable(value)) return 'a table';
  return typeof value === 'number' || typeof value === 'bigint' ? 'a number' : `a ${typeof value}`;
}
