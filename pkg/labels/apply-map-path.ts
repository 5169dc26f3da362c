/**
 * Applies one path of a field mask to a map field: `<field>` takes all of `given`, `<field>.<key>` the entry under that key,
 * which goes when `given` has none. The key is everything behind the first dot, dots included.
 *
 * @returns the new map, or undefined when the path does not mean this field.
 */
export function applyMapPath<V>(
  field: string,
  path: string,
  current: ReadonlyMap<string, V>,
  given: ReadonlyMap<string, V>,
): ReadonlyMap<string, V> | undefined {
  if (path === field) return given;
  if (!path.startsWith(`${field}.`)) return undefined;
  const key = path.slice(field.length + 1);
  const value = given.get(key);
  const result = new Map(current);
  if (value === undefined) result.delete(key);
  else result.set(key, value);
  return result;
}
