/** A table of a configuration file. */
export type Table = Readonly<Record<string, unknown>>;

/** Whether a value of a configuration is a table. */
export function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
