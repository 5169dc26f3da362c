import { readFile } from 'node:fs/promises';
import { KindError } from '../../pkg/errors/kind-error.ts';
import { isSystemError } from '../../pkg/sys/system-error.ts';
import { checkTable, checkValue, type CheckContext } from './check-table.ts';
import { migrateVersion1 } from './migrate-version-1.ts';
import { migrateVersion2 } from './migrate-version-2.ts';
import { migrateVersion3 } from './migrate-version-3.ts';
import { currentSchema, namedTables, olderSchema } from './schema.ts';
import { isTable, type Table } from './table.ts';

/** A file of the configuration as version 4. */
export interface ConfigurationDocument {
  readonly file: string;
  /** The version it is written in. */
  readonly version: number;
  readonly content: Table;
}

const maxFile = 16 * 1024 * 1024;
const newest = 4;
const migrations = [migrateVersion1, migrateVersion2, migrateVersion3];

/**
 * Reads one file and brings it to version 4. A file that names no version is of version 1.
 *
 * @param examples the default tables of the plugins, by `<type>.<id>`: what their tables are checked against
 * @param unknownKey called with the path of each key that nobody reads
 * @returns undefined when there is no such file
 * @throws KindError `invalid-argument`, naming the file and the key or the line.
 */
export async function readDocument(
  file: string,
  examples: ReadonlyMap<string, Table>,
  unknownKey: CheckContext['unknownKey'],
): Promise<ConfigurationDocument | undefined> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (!isSystemError(error)) throw error;
    if (error.code === 'ENOENT') return undefined;
    throw new KindError('invalid-argument', `${file}: ${error.message}`, { cause: error });
  });
  if (text === undefined) return undefined;
  if (text.length > maxFile) throw new KindError('invalid-argument', `${file} is larger than ${maxFile} bytes`);
  const raw = await parse(text, file);
  const version = raw['version'] ?? 1;
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 0) {
    throw new KindError('invalid-argument', `${file}: version must be a whole number`);
  }
  if (version > newest) {
    throw new KindError(
      'invalid-argument',
      `${file}: version ${version} is newer than ${newest}, the newest that is known`,
    );
  }
  const context = { file, unknownKey };
  checkTable(raw, version < newest ? olderSchema : currentSchema, [], context);
  // Version 0 is what programs write that know no versions.
  const content = migrations.slice(Math.max(version, 1) - 1).reduce((document, migrate) => migrate(document), raw);
  checkNamed(content, context);
  checkPlugins(content, examples, context);
  return { file, version: Math.max(version, 1), content };
}

async function parse(text: string, file: string): Promise<Table> {
  const { parse: parseToml, TomlError } = await import('smol-toml');
  try {
    return parseToml(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split('\n', 1)[0] ?? '';
    throw new KindError('invalid-argument', `${file}: line ${error.line}, column ${error.column}: ${reason}`, {
      cause: error,
    });
  }
}

function checkNamed(content: Table, context: CheckContext): void {
  for (const [section, example] of Object.entries(namedTables)) {
    const table = content[section];
    if (!isTable(table)) continue;
    for (const [name, value] of Object.entries(table)) checkValue(value, example, [section, name], context);
  }
  for (const key of ['disabled_plugins', 'required_plugins']) {
    const names = content[key];
    if (!Array.isArray(names)) continue;
    for (const name of names) checkName(name, key, context);
  }
}

function checkName(name: unknown, key: string, { file }: CheckContext): void {
  if (typeof name === 'string' && name.includes('.')) return;
  const form = 'io.containerd.TYPE.vN.ID';
  throw new KindError('invalid-argument', `${file}: ${key}: ${JSON.stringify(name)} is not of the form ${form}`);
}

function checkPlugins(content: Table, examples: ReadonlyMap<string, Table>, context: CheckContext): void {
  const plugins = content['plugins'];
  if (!isTable(plugins)) return;
  for (const [uri, table] of Object.entries(plugins)) {
    const example = examples.get(uri);
    checkValue(table, {}, ['plugins', uri], context);
    // A plugin that this daemon does not have may be one that another has: no mistake, if it is a plugin's name.
    if (!example && !uri.includes('.')) context.unknownKey(`plugins.${uri}`);
    if (example && isTable(table)) checkTable(table, example, ['plugins', uri], context);
  }
}
