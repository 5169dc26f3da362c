import { isTable, type Table } from './table.ts';

/** A table with what another one says laid over it: tables key by key, everything else replaced. */
export function mergeTables(base: Table, over: Table): Table {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = Object.hasOwn(merged, key) ? merged[key] : undefined;
    setOwn(merged, key, isTable(before) && isTable(value) ? mergeTables(before, value) : value);
  }
  return merged;
}

/** A key of a file may be `__proto__`. */
function setOwn(table: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(table, key, { value, writable: true, enumerable: true, configurable: true });
}
