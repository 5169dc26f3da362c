/** A replacer for `JSON.stringify`: gives what JSON has no form for one. */
export function jsonSafe(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Error) return value.message;
  if (value instanceof Map) return Object.fromEntries<unknown>(value);
  return value;
}
