import { isTable, type Table } from './table.ts';

/** Prints a configuration as containerd does: literal strings, tables indented by their depth, plain keys before tables. */
export function printToml(document: Table): string {
  return printTable(document, [], '').trimStart();
}

function printTable(table: Table, path: readonly string[], indent: string): string {
  const entries = Object.entries(table);
  const plain = entries.filter(([, value]) => !isTable(value) && !isTableList(value));
  let text = plain.map(([key, value]) => `${indent}${printKey(key)} = ${printValue(value)}\n`).join('');
  for (const [key, value] of entries) {
    const inner = [...path, key];
    const head = inner.map(printKey).join('.');
    const deeper = path.length === 0 ? '' : indent;
    if (isTable(value)) text += `\n${deeper}[${head}]\n${printTable(value, inner, `${deeper}  `)}`;
    if (!isTableList(value)) continue;
    for (const element of value) text += `\n${deeper}[[${head}]]\n${printTable(element, inner, `${deeper}  `)}`;
  }
  return text;
}

function isTableList(value: unknown): value is readonly Table[] {
  return Array.isArray(value) && value.length > 0 && value.every(isTable);
}

function printKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : printString(key);
}

function printString(text: string): string {
  // A literal string holds neither quotes nor control characters.
  return /['\p{Cc}]/u.test(text) ? JSON.stringify(text).replaceAll('\u007f', '\\u007F') : `'${text}'`;
}

function printValue(value: unknown): string {
  if (typeof value === 'string') return printString(value);
  if (Array.isArray(value)) return `[${value.map(printValue).join(', ')}]`;
  if (value instanceof Date) return value.toISOString();
  if (isTable(value)) {
    return `{ ${Object.entries(value)
      .map(([key, inner]) => `${printKey(key)} = ${printValue(inner)}`)
      .join(', ')} }`;
  }
  return String(value);
}
